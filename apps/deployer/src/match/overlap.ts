// SPDX-License-Identifier: Apache-2.0
import { type Endpoint, type Match, parsePrefix, prefixesOverlap } from '@l45/contracts';
import { cgroupsOverlap } from './cgroup.js';
import { parsePorts, portsOverlap } from './ports.js';

/**
 * Whether some flow could match both. Applications are compared by name: a thread's name in one
 * match and its leader's in the other may meet in one socket, but if every such pair counted,
 * no two applications could ever be told apart.
 */
export const matchesOverlap = (a: Match, b: Match): boolean =>
  meet(a.protocols, b.protocols, same) &&
  meet(a.applications, b.applications, applicationsOverlap) &&
  endpointsOverlap(a.local, b.local) &&
  endpointsOverlap(a.remote, b.remote) &&
  meet(a.uids, b.uids, same) &&
  meet(a.cgroups, b.cgroups, cgroupsOverlap);

const endpointsOverlap = (a: Endpoint = {}, b: Endpoint = {}): boolean =>
  meet(a.prefixes, b.prefixes, (x, y) => prefixesOverlap(parsePrefix(x), parsePrefix(y))) &&
  meet(a.ports, b.ports, (x, y) => portsOverlap(parsePorts(x), parsePorts(y)));

/** Lists meet where a pair of their entries does; an absent list meets every other. */
const meet = <T>(a: T[] | undefined, b: T[] | undefined, pair: (x: T, y: T) => boolean): boolean =>
  !a || !b || a.some((x) => b.some((y) => pair(x, y)));

const same = <T>(a: T, b: T): boolean => a === b;

const applicationsOverlap = (a: string, b: string): boolean => covers(a, b) || covers(b, a);

/** A trailing * matches any ending; of two such patterns, the shorter one may cover the longer. */
const covers = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
