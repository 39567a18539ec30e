// SPDX-License-Identifier: Apache-2.0
import { deploymentRow } from '../testing/rows.js';
import { type Candidate, deconflict } from './deconflict.js';
import { didYouMean } from './near.js';

const live = [deploymentRow()];
const candidate = (fields: Partial<Candidate> = {}): Candidate => ({
  name: 'another',
  priority: 100,
  ends: { client: { hosts: ['elsewhere', 'dns-server'], match: {} } },
  members: {},
  ...fields,
});

describe('deconflict', () => {
  it('refuses the same flows at the same priority on one host, in whatever role', () => {
    expect(() => deconflict(candidate(), live)).toThrow(
      '"tag-dns" matches flows of dns-server that "another" would match too, both at priority 100',
    );
  });

  it.each<[string, Partial<Candidate>]>([
    ['another priority', { priority: 99 }],
    ['other hosts', { ends: { client: { hosts: ['elsewhere'], match: {} } } }],
    ['other flows', { ends: { client: { hosts: ['client'], match: { protocols: ['tcp'] } } } }],
    ['itself', { name: 'tag-dns' }],
  ])('accepts %s', (_, fields) => {
    expect(() => deconflict(candidate(fields), live)).not.toThrow();
  });
});

describe('didYouMean', () => {
  it('names what looks like it, the nearest first', () => {
    expect(didYouMean('dns', ['dns-server', 'dms', 'client'])).toBe(
      ' (did you mean dms, dns-server?)',
    );
    expect(didYouMean('zebra', ['dns-server', 'client'])).toBe('');
  });
});
