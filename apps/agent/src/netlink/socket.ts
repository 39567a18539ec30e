// SPDX-License-Identifier: Apache-2.0
import netlink from 'netlink';
import { Turns } from '../turns.js';
import { askForExtendedAcks } from './extended-ack.js';
import {
  ACK,
  DUMP,
  formatMessage,
  parseMessages,
  type Refusal,
  type Reply,
  REQUEST,
} from './message.js';
import { MalformedMessage } from './raw-attributes.js';

const TIMEOUT_MS = 10_000;
const DUMP_ATTEMPTS = 10;

/** The kernel's answer to a request is an error. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.message ?? `errno ${refusal.errno}`);
  }
}

interface Pending {
  seq: number;
  payloads: Buffer[];
  interrupted: boolean;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Requests over a generic netlink socket, one at a time: the kernel runs one dump per socket. The
 * binding's own request layer would lose the errors and the interruption of a dump, and the
 * kernel's words, so this one is built on its raw socket.
 */
export class NetlinkSocket {
  private raw?: netlink.RawNetlinkSocket;
  private pending?: Pending;
  private readonly turns = new Turns();
  private seq = 0;

  /** By which the kernel knows it; undefined: it is not open. */
  get port(): number | undefined {
    return this.raw?.address().port;
  }

  /** Payloads of the replies to a command. */
  request(type: number, payload: Buffer): Promise<Buffer[]> {
    return this.turns.take(
      async () => (await this.exchange(type, REQUEST | ACK, payload)).payloads,
    );
  }

  /** Payloads of all entries, consistent with each other. */
  dump(type: number, payload: Buffer): Promise<Buffer[]> {
    return this.turns.take(async () => {
      for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
        const { payloads, interrupted } = await this.exchange(type, REQUEST | DUMP, payload);
        if (!interrupted) return payloads;
      }
      throw new Error(`the kernel's tables changed during each of ${DUMP_ATTEMPTS} dumps`);
    });
  }

  close(): void {
    this.fail(new Error('the netlink socket was closed'));
  }

  private async exchange(type: number, flags: number, payload: Buffer): Promise<Pending> {
    const raw = (this.raw ??= this.open());
    const { promise, resolve, reject } = withResolvers();
    const seq = (this.seq = (this.seq % 0xffffffff) + 1);
    const pending: Pending = { seq, payloads: [], interrupted: false, resolve, reject };
    this.pending = pending;
    const late = (): void => this.fail(new Error(`no answer within ${TIMEOUT_MS} ms`));
    const timer = setTimeout(late, TIMEOUT_MS);
    raw.send(formatMessage(type, flags, seq, payload), {}, (error) => {
      if (error) this.fail(error);
    });
    await promise.finally(() => clearTimeout(timer));
    return pending;
  }

  private open(): netlink.RawNetlinkSocket {
    const raw = new netlink.RawNetlinkSocket(netlink.Protocol.GENERIC);
    askForExtendedAcks(raw.address().port);
    raw.on('message', (bytes, sender) => {
      // Port 0 is the kernel; any process may write to this socket.
      if (sender.port === 0) this.receive(bytes);
    });
    raw.on('error', (error) => this.fail(error));
    return raw;
  }

  private receive(bytes: Buffer): void {
    try {
      for (const reply of parseMessages(bytes)) this.take(reply);
    } catch (error) {
      this.fail(error instanceof Error ? error : new MalformedMessage(String(error)));
    }
  }

  private take(reply: Reply): void {
    const { pending } = this;
    if (!pending || reply.seq !== pending.seq) return;
    if (reply.interrupted) pending.interrupted = true;
    if (reply.kind === 'data') pending.payloads.push(reply.payload);
    else if (reply.kind === 'overrun') pending.reject(new Error('the kernel lost its answer'));
    else if (reply.refusal) pending.reject(new Refused(reply.refusal));
    else pending.resolve();
  }

  /** After an error nothing is known of what is under way: the next request starts afresh. */
  private fail(error: Error): void {
    const { raw, pending } = this;
    this.raw = undefined;
    this.pending = undefined;
    raw?.close();
    pending?.reject(error);
  }
}

function withResolvers(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
} {
  let resolve = (): void => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
