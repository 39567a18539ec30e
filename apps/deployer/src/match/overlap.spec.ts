// SPDX-License-Identifier: Apache-2.0
import type { Match } from '@l45/contracts';
import { matchesOverlap } from './overlap.js';

const dig: Match = { applications: ['dig'], remote: { ports: ['53'] } };

describe('matchesOverlap', () => {
  it.each<[string, Match, Match, boolean]>([
    ['everything meets everything', {}, {}, true],
    ['everything meets anything', {}, dig, true],
    ['protocols differ', { protocols: ['tcp'] }, { protocols: ['udp'] }, false],
    ['one protocol is common', { protocols: ['tcp', 'udp'] }, { protocols: ['udp'] }, true],
    ['the same application', dig, dig, true],
    ['another application', dig, { applications: ['dog'] }, false],
    ['a pattern that covers', dig, { applications: ['d*'] }, true],
    ['a pattern that does not', dig, { applications: ['digg*'] }, false],
    ['patterns, one inside the other', { applications: ['a*'] }, { applications: ['ab*'] }, true],
    ['ports in a range', { local: { ports: ['80'] } }, { local: { ports: ['1-1024'] } }, true],
    ['ranges side by side', { local: { ports: ['1-9'] } }, { local: { ports: ['10'] } }, false],
    ['different sides', { local: { ports: ['53'] } }, { remote: { ports: ['80'] } }, true],
    [
      'prefixes',
      { remote: { prefixes: ['10.0.0.0/8'] } },
      { remote: { prefixes: ['11.0.0.1'] } },
      false,
    ],
    ['users', { uids: [0] }, { uids: [1000] }, false],
    ['a cgroup above', { cgroups: ['/a'] }, { cgroups: ['/a/b'] }, true],
    ['a cgroup beside', { cgroups: ['/a'] }, { cgroups: ['/ab'] }, false],
    ['one list apart is enough', { ...dig, uids: [0] }, { ...dig, uids: [1] }, false],
  ])('%s', (_, a, b, expected) => {
    expect(matchesOverlap(a, b)).toBe(expected);
    expect(matchesOverlap(b, a)).toBe(expected);
  });
});
