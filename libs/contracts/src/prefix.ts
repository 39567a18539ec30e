// SPDX-License-Identifier: Apache-2.0
import { isIPv4, isIPv6 } from 'node:net';

/** An address prefix as a number, so that prefixes can be compared. */
export interface Prefix {
  family: 4 | 6;
  bits: bigint;
  length: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;
/** ::ffff:0:0/96 */
const MAPPED = 0xffffn;

/** Reads an address or a prefix; throws with what is wrong and, where it is clear, what is right. */
export function parsePrefix(text: string): Prefix {
  const [address = '', suffix] = text.split('/');
  const family = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  if (!family) throw new Error(`${address} is not an IPv4 or IPv6 address`);
  const width = WIDTH[family];
  const length = suffix === undefined ? width : Number(suffix);
  if (length > width) throw new Error(`${text}: an IPv${family} prefix has at most ${width} bits`);
  const bits = family === 4 ? ipv4Bits(address) : ipv6Bits(address);
  if (family === 6 && bits >> 32n === MAPPED)
    throw new Error(`${text}: write the IPv4 address that is mapped, without ::ffff:`);
  const prefix = { family, bits: network(bits, length, width), length } as const;
  if (prefix.bits !== bits)
    throw new Error(`${text} has bits set behind its length: write ${formatPrefix(prefix)}`);
  return prefix;
}

/** The one way to write it: RFC 5952, and no length for a single address. */
export function formatPrefix({ family, bits, length }: Prefix): string {
  const address = family === 4 ? ipv4Text(bits) : ipv6Text(bits);
  return length === WIDTH[family] ? address : `${address}/${length}`;
}

export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  if (a.family !== b.family) return false;
  const shorter = Math.min(a.length, b.length);
  const width = WIDTH[a.family];
  return network(a.bits, shorter, width) === network(b.bits, shorter, width);
}

function network(bits: bigint, length: number, width: number): bigint {
  const host = BigInt(width - length);
  return (bits >> host) << host;
}

const join = (parts: number[], size: bigint): bigint =>
  parts.reduce((bits, part) => (bits << size) | BigInt(part), 0n);

const split = (bits: bigint, size: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) =>
    Number((bits >> BigInt(size * (count - 1 - i))) & ((1n << BigInt(size)) - 1n)),
  );

const ipv4Bits = (address: string): bigint => join(address.split('.').map(Number), 8n);
const ipv4Text = (bits: bigint): string => split(bits, 8, 4).join('.');

/** `a:b::c` → its eight groups; the last two may be written like an IPv4 address. */
function ipv6Bits(address: string): bigint {
  const [head = '', tail] = address.split('::');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return join([...before, ...Array<number>(zeros).fill(0), ...after], 16n);
}

const groups = (text: string): number[] =>
  text
    .split(':')
    .filter(Boolean)
    .flatMap((group) =>
      group.includes('.') ? split(ipv4Bits(group), 16, 2) : [Number.parseInt(group, 16)],
    );

/** URL writes IPv6 addresses as RFC 5952 has them. */
const ipv6Text = (bits: bigint): string =>
  new URL(
    `http://[${split(bits, 16, 8)
      .map((group) => group.toString(16))
      .join(':')}]`,
  ).hostname.slice(1, -1);
