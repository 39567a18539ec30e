// SPDX-License-Identifier: Apache-2.0
import { aligned, readU16, u16 } from './host-order.js';

/** struct nlattr */
const HEADER = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

/** What came is not what the table says; from the kernel it means another version of the module. */
export class MalformedMessage extends Error {}

export interface RawAttribute {
  type: number;
  payload: Buffer;
}

export function joinAttribute({ type, payload }: RawAttribute, nested = false): Buffer {
  const length = HEADER + payload.length;
  const padding = Buffer.alloc(aligned(length) - length);
  return Buffer.concat([u16(length), u16(nested ? type | NESTED : type), payload, padding]);
}

/** The attributes of a message, one after the other, without their meaning. */
export function splitAttributes(bytes: Buffer): RawAttribute[] {
  const found: RawAttribute[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const rest = bytes.subarray(offset);
    if (rest.length < HEADER) throw new MalformedMessage(`${rest.length} bytes left over`);
    const length = readU16(rest);
    if (length < HEADER || length > rest.length) {
      throw new MalformedMessage(`an attribute of ${length} bytes, where ${rest.length} are left`);
    }
    found.push({ type: readU16(rest, 2) & TYPE_MASK, payload: rest.subarray(HEADER, length) });
    offset += aligned(length);
  }
  return found;
}

export const textOf = (payload: Buffer): string => {
  const end = payload.indexOf(0);
  return payload.toString('utf8', 0, end < 0 ? payload.length : end);
};
