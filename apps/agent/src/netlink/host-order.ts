// SPDX-License-Identifier: Apache-2.0
import { endianness } from 'node:os';

// Netlink speaks in the byte order of the host.
const LE = endianness() === 'LE';

export const readU16 = (bytes: Buffer, offset = 0): number =>
  LE ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
export const readU32 = (bytes: Buffer, offset = 0): number =>
  LE ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
export const readI32 = (bytes: Buffer, offset = 0): number =>
  LE ? bytes.readInt32LE(offset) : bytes.readInt32BE(offset);
export const readU64 = (bytes: Buffer, offset = 0): bigint =>
  LE ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset);

export const u8 = (value: number): Buffer => Buffer.from(Uint8Array.of(value).buffer);
export const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
export const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
export const u64 = (value: bigint): Buffer => Buffer.from(BigUint64Array.of(value).buffer);

/** Netlink pads messages and attributes to 4 bytes. */
export const aligned = (length: number): number => (length + 3) & ~3;
