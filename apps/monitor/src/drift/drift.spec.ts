// SPDX-License-Identifier: Apache-2.0
import type {
  DesiredInstance,
  DesiredState,
  ObservedInstance,
  ObservedState,
} from '@l45/contracts';
import { driftOf } from './drift.js';

const ID = '6f1c8a0e-0000-4000-8000-000000000001';

const wanted: DesiredInstance = {
  id: ID,
  deployment: ID,
  customization: 'dns_tag',
  role: 'client',
  match: {},
  params: {},
  priority: 100,
  mode: 'active',
  directions: ['ingress', 'egress'],
  attach: 'immediate',
  deprecated: false,
};
const { match: _match, params: _params, attach: _attach, ...settings } = wanted;
const actual = { ...settings, sockets: 0, lastUsed: '0', counters: {} } as ObservedInstance;

const desired = (changes: Partial<DesiredState> = {}): DesiredState => ({
  host: 'client',
  revision: 2,
  artifacts: [
    { name: 'l45', digest: '', size: 1, srcversion: 'core-1' },
    { name: 'dns_tag', digest: '', size: 1, srcversion: 'tag-1' },
  ],
  instances: [wanted],
  ...changes,
});
const observed = (changes: Partial<ObservedState> = {}): ObservedState => ({
  host: 'client',
  target: { kernelRelease: '6.1.0', arch: 'x86_64' },
  bootId: 'boot',
  agentVersion: '0.1.0',
  desiredRevision: 2,
  core: { version: '0.1.0', abi: 1, srcversion: 'core-1' },
  customizations: [{ name: 'dns_tag', version: '1.0.0', srcversion: 'tag-1', users: 1 }],
  instances: [actual],
  problems: [],
  at: '',
  ...changes,
});

it('there is none where a host runs what it should, in whatever order', () => {
  const turned: ObservedInstance = { ...actual, directions: ['egress', 'ingress'] };
  expect(driftOf(desired(), observed({ instances: [turned] }))).toEqual([]);
});

it('a deprecated instance that is gone needs not come back', () => {
  const deprecated = desired({ instances: [{ ...wanted, deprecated: true }] });
  expect(driftOf(deprecated, observed({ instances: [] }))).toEqual([]);
});

it.each<[string, Partial<ObservedState>, string, string]>([
  ['behind', { desiredRevision: 1 }, 'client', 'has applied revision 1, not 2 yet'],
  [
    'problem',
    { problems: [{ subject: 'dns_tag', name: 'KERNEL', message: 'refused' }] },
    'dns_tag',
    'KERNEL: refused',
  ],
  ['missing', { instances: [] }, ID, 'dns_tag (client) is not there'],
  [
    'unwanted',
    { instances: [actual, { ...actual, id: 'other', role: 'server' }] },
    'other',
    'dns_tag (server) should not be there',
  ],
  [
    'different',
    { instances: [{ ...actual, mode: 'inactive' }] },
    ID,
    'dns_tag (client) has mode inactive, not active',
  ],
  [
    'different',
    { instances: [{ ...actual, directions: ['ingress'] }] },
    ID,
    'dns_tag (client) has directions ingress, not egress and ingress',
  ],
  [
    'other-build',
    { core: { version: '0.1.0', abi: 1, srcversion: 'core-2' } },
    'l45',
    'runs build core-2, not core-1',
  ],
])('%s: %j', (kind, changes, subject, message) => {
  expect(driftOf(desired(), observed(changes))).toEqual([{ kind, subject, message }]);
});
