// SPDX-License-Identifier: Apache-2.0
import { aligned, readI32, readU16, readU32, u16, u32 } from './host-order.js';
import { MalformedMessage, splitAttributes, textOf } from './raw-attributes.js';

/** struct nlmsghdr */
const HEADER = 16;
/** struct genlmsghdr */
const GENERIC_HEADER = 4;

export const REQUEST = 0x01;
export const ACK = 0x04;
export const DUMP = 0x300;
const DUMP_INTERRUPTED = 0x10;
const CAPPED = 0x100;
const ACK_TLVS = 0x200;

const ERROR = 2;
const DONE = 3;
const OVERRUN = 4;

/** NLMSGERR_ATTR_MSG */
const EXTENDED_MESSAGE = 1;

export interface Refusal {
  /** Positive, as in errno.h. */
  errno: number;
  /** What the kernel says about it. */
  message?: string;
}

/** One message of the kernel; `port` is that of the socket whose request it belongs to. */
export type Reply = { seq: number; port: number; interrupted: boolean } & (
  | { kind: 'data'; payload: Buffer }
  /** An acknowledgement, or the end of a dump. */
  | { kind: 'end'; refusal?: Refusal }
  | { kind: 'overrun' }
);

export const formatMessage = (type: number, flags: number, seq: number, payload: Buffer): Buffer =>
  Buffer.concat([u32(HEADER + payload.length), u16(type), u16(flags), u32(seq), u32(0), payload]);

/** The payload of a generic netlink message. */
export const formatGeneric = (command: number, version: number, attributes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([command, version, 0, 0]), attributes]);

export function parseGeneric(payload: Buffer): { command: number; attributes: Buffer } {
  if (payload.length < GENERIC_HEADER) {
    throw new MalformedMessage(`${payload.length} bytes instead of a generic netlink header`);
  }
  return { command: payload.readUInt8(), attributes: payload.subarray(GENERIC_HEADER) };
}

/** Takes a datagram of the kernel apart. */
export function parseMessages(bytes: Buffer): Reply[] {
  const replies: Reply[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const rest = bytes.subarray(offset);
    if (rest.length < HEADER) throw new MalformedMessage(`${rest.length} bytes left over`);
    const length = readU32(rest);
    if (length < HEADER || length > rest.length) {
      throw new MalformedMessage(`a message of ${length} bytes, where ${rest.length} are left`);
    }
    replies.push(parseMessage(rest.subarray(0, length)));
    offset += aligned(length);
  }
  return replies;
}

function parseMessage(bytes: Buffer): Reply {
  const type = readU16(bytes, 4);
  const flags = readU16(bytes, 6);
  const payload = bytes.subarray(HEADER);
  const common = {
    seq: readU32(bytes, 8),
    port: readU32(bytes, 12),
    interrupted: (flags & DUMP_INTERRUPTED) !== 0,
  };
  if (type === OVERRUN) return { ...common, kind: 'overrun' };
  if (type !== ERROR && type !== DONE) return { ...common, kind: 'data', payload };
  const code = payload.length < 4 ? 0 : readI32(payload);
  if (code >= 0) return { ...common, kind: 'end' };
  const details = flags & ACK_TLVS ? payload.subarray(detailsAt(type, flags, payload)) : undefined;
  const message = details && explanation(details);
  return { ...common, kind: 'end', refusal: { errno: -code, ...(message && { message }) } };
}

/** An error quotes the request, or its header alone, before it explains; the end of a dump doesn't. */
function detailsAt(type: number, flags: number, payload: Buffer): number {
  if (type === DONE) return 4;
  if (flags & CAPPED || payload.length < 4 + HEADER) return 4 + HEADER;
  return 4 + aligned(readU32(payload, 4));
}

function explanation(details: Buffer): string | undefined {
  const found = splitAttributes(details).find(({ type }) => type === EXTENDED_MESSAGE);
  return found && textOf(found.payload);
}
