// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';

const V4_MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

export interface Prefix {
  /** In network byte order, 4 or 16 bytes. */
  address: Buffer;
  length: number;
}

/**
 * `10.0.0.0/24`, `fd45::2`, … without its host bits. A v4-mapped prefix is the IPv4 one, because a
 * flow of that kind is an IPv4 flow, whatever the family of its socket.
 */
export function parsePrefix(text: string): Prefix {
  const [host = '', bits, ...rest] = text.split('/');
  const address = parseAddress(host);
  const width = (address?.length ?? 0) * 8;
  const length = bits === undefined ? width : Number(bits);
  if (!address || rest.length || !(length <= width) || bits === '') {
    throw new RangeError(`"${text}" is not an address or prefix`);
  }
  const isMapped = length >= 96 && isV4Mapped(address);
  return isMapped ? masked(address.subarray(12), length - 96) : masked(address, length);
}

export const formatPrefix = ({ address, length }: Prefix): string =>
  `${formatAddress(address)}/${length}`;

/** A v4-mapped address is written as the IPv4 one. */
export function formatAddress(address: Buffer): string {
  if (address.length === 4) return address.join('.');
  if (address.length !== 16) throw new RangeError(`an address of ${address.length} bytes`);
  if (isV4Mapped(address)) return address.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => address.readUInt16BE(i * 2).toString(16));
  return compressed(groups.join(':'));
}

function parseAddress(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number));
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [head = '', tail] = compressed(text).split('::');
  const before = head ? head.split(':') : [];
  const after = tail ? tail.split(':') : [];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const groups = [...before, ...zeros, ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** In the one right way (RFC 5952), and without a dotted tail. */
const compressed = (address: string): string =>
  new URL(`http://[${address}]`).hostname.slice(1, -1);

const isV4Mapped = (address: Buffer): boolean =>
  address.length === 16 && address.subarray(0, 12).equals(V4_MAPPED);

function masked(address: Buffer, length: number): Prefix {
  const kept = address.map(
    (byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - i * 8))),
  );
  return { address: Buffer.from(kept), length };
}
