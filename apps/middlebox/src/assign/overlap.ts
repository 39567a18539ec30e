// SPDX-License-Identifier: Apache-2.0
import type { AssignedEnd, Endpoint } from '@l45/contracts';
import { BlockList, isIPv6 } from 'node:net';

/** Could a flow of one of these ends have a side that the middlebox sees? */
export const isSeen = (sees: Endpoint | null, ends: AssignedEnd[]): boolean =>
  sees === null ||
  ends.some(({ match }) => overlap(sees, match.local) || overlap(sees, match.remote));

/** An absent list has everything. */
const overlap = (a: Endpoint, b: Endpoint = {}): boolean =>
  someOf(a.prefixes, b.prefixes, prefixesOverlap) && someOf(a.ports, b.ports, portsOverlap);

const someOf = (
  a: string[] | undefined,
  b: string[] | undefined,
  test: (x: string, y: string) => boolean,
): boolean => !a || !b || a.some((x) => b.some((y) => test(x, y)));

/** Prefixes overlap if the shorter one has the other's address. */
function prefixesOverlap(a: string, b: string): boolean {
  const [one, other] = [parse(a), parse(b)];
  if (one.family !== other.family) return false;
  const [wide, narrow] = one.bits <= other.bits ? [one, other] : [other, one];
  const list = new BlockList();
  list.addSubnet(wide.address, wide.bits, wide.family);
  return list.check(narrow.address, narrow.family);
}

function parse(prefix: string) {
  const [address = '', bits] = prefix.split('/');
  const family = isIPv6(address) ? ('ipv6' as const) : ('ipv4' as const);
  return { address, bits: bits ? Number(bits) : family === 'ipv6' ? 128 : 32, family };
}

function portsOverlap(a: string, b: string): boolean {
  const [one, other] = [range(a), range(b)];
  return one.first <= other.last && other.first <= one.last;
}

function range(ports: string): { first: number; last: number } {
  const [first = 0, last = first] = ports.split('-').map(Number);
  return { first, last };
}
