// SPDX-License-Identifier: Apache-2.0
import { type WriteStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type Packet, decode } from './packet.js';

/** How much is kept in memory, at most; the file has everything. */
const MEMORY_LIMIT = 64 << 20;

/** Packets of the shared network: in a pcap file for Wireshark, and decoded for a test. */
export class Capture {
  private kept: { frame: Buffer; time: number }[] = [];
  private keptBytes = 0;
  private readonly listeners = new Set<(packet: Packet) => void>();
  private readonly out: WriteStream;

  constructor(
    /** The pcap file, complete when the testbed is closed. */
    readonly file: string,
  ) {
    this.out = createWriteStream(file);
    this.out.write(fileHeader());
  }

  /** Everything since the start or the last `clear()`, oldest first. */
  packets(): Packet[] {
    return this.kept.map(({ frame, time }) => decode(frame, time));
  }

  /** Forgets what was captured so far; the file keeps it. */
  clear(): void {
    this.kept = [];
    this.keptBytes = 0;
  }

  /** The first packet, captured already or to come, for which `matches` is true. */
  waitFor(matches: (packet: Packet) => boolean, { timeoutMs = 30_000 } = {}): Promise<Packet> {
    const known = this.packets().find(matches);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.listeners.delete(look);
      };
      const look = (packet: Packet): void => {
        if (!matches(packet)) return;
        stop();
        resolve(packet);
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`no such packet within ${timeoutMs} ms, among ${this.kept.length}`));
      }, timeoutMs);
      this.listeners.add(look);
    });
  }

  /** @internal */
  record(data: Buffer): void {
    const frame = Buffer.from(data); // not a view that keeps a whole read alive
    const time = performance.timeOrigin + performance.now();
    this.out.write(recordHeader(frame.length, time));
    this.out.write(frame);

    this.kept.push({ frame, time });
    this.keptBytes += frame.length;
    if (this.keptBytes > MEMORY_LIMIT) this.forgetOlderHalf();

    if (this.listeners.size === 0) return;
    const packet = decode(frame, time);
    for (const look of this.listeners) look(packet);
  }

  private forgetOlderHalf(): void {
    this.kept = this.kept.slice(this.kept.length / 2);
    this.keptBytes = this.kept.reduce((sum, { frame }) => sum + frame.length, 0);
  }

  /** @internal */
  async close(): Promise<void> {
    this.out.end();
    await finished(this.out);
  }
}

/** https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html: version 2.4, Ethernet. */
function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  return header;
}

function recordHeader(length: number, time: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeUInt32LE(Math.floor(time / 1000), 0);
  header.writeUInt32LE(Math.floor((time % 1000) * 1000), 4);
  header.writeUInt32LE(length, 8);
  header.writeUInt32LE(length, 12);
  return header;
}
