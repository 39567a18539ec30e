// SPDX-License-Identifier: Apache-2.0

const CLIENT = Buffer.from([10, 45, 0, 1]);
const SERVER = Buffer.from([10, 45, 0, 2]);
const CLIENT_PORT = 40_000;
const FLAGS = { syn: 0x02, ack: 0x10, push: 0x08 };
/** As large as a segment gets on Ethernet. */
const SEGMENT = 1_448;

/** What a conversation between 10.45.0.1 and a port of 10.45.0.2 looks like in a capture. */
export class Conversation {
  private readonly frames: Buffer[] = [];
  /** Sequence numbers of either side. */
  private readonly next = { client: 1_000, server: 9_000 };

  constructor(private readonly port: number) {}

  udp(payload: Buffer): this {
    const header = Buffer.alloc(8);
    header.writeUInt16BE(CLIENT_PORT, 0);
    header.writeUInt16BE(this.port, 2);
    header.writeUInt16BE(8 + payload.length, 4);
    return this.ip(17, true, Buffer.concat([header, payload]));
  }

  connect(): this {
    this.segment(true, FLAGS.syn);
    this.next.client++;
    this.segment(false, FLAGS.syn | FLAGS.ack);
    this.next.server++;
    return this;
  }

  /** All that one side says, cut into segments. */
  tcp(from: 'client' | 'server', bytes: Buffer): this {
    for (let at = 0; at < bytes.length; at += SEGMENT) {
      const part = bytes.subarray(at, at + SEGMENT);
      this.segment(from === 'client', FLAGS.ack | FLAGS.push, part);
      this.next[from] += part.length;
    }
    return this;
  }

  /** As a pcap file. */
  toBuffer(): Buffer {
    const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
    const records = this.frames.map((frame, second) => {
      const record = Buffer.alloc(16);
      record.writeUInt32LE(1_700_000_000 + second, 0);
      record.writeUInt32LE(frame.length, 8);
      record.writeUInt32LE(frame.length, 12);
      return Buffer.concat([record, frame]);
    });
    return Buffer.concat([header, ...records]);
  }

  private segment(isClient: boolean, flags: number, payload: Buffer = Buffer.alloc(0)): void {
    const ports = isClient ? [CLIENT_PORT, this.port] : [this.port, CLIENT_PORT];
    const header = Buffer.alloc(20);
    header.writeUInt16BE(ports[0] ?? 0, 0);
    header.writeUInt16BE(ports[1] ?? 0, 2);
    header.writeUInt32BE(isClient ? this.next.client : this.next.server, 4);
    header.writeUInt32BE(isClient ? this.next.server : this.next.client, 8);
    header.writeUInt8(5 << 4, 12);
    header.writeUInt8(flags, 13);
    header.writeUInt16BE(65_535, 14);
    this.ip(6, isClient, Buffer.concat([header, payload]));
  }

  private ip(protocol: number, isClient: boolean, segment: Buffer): this {
    const [source, destination] = isClient ? [CLIENT, SERVER] : [SERVER, CLIENT];
    const header = Buffer.alloc(20);
    header.writeUInt8(0x45, 0);
    header.writeUInt16BE(20 + segment.length, 2);
    header.writeUInt8(64, 8);
    header.writeUInt8(protocol, 9);
    source.copy(header, 12);
    destination.copy(header, 16);
    const ethernet = Buffer.from('0202020202020202020202020800', 'hex');
    this.frames.push(Buffer.concat([ethernet, header, segment]));
    return this;
  }
}
