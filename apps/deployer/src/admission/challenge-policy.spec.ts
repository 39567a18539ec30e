// SPDX-License-Identifier: Apache-2.0
import type { BusClient } from '@l45/bus';
import type { Ends, Match, PoliciesReply } from '@l45/contracts';
import { ChallengePolicies } from './challenge-policy.js';

const policies = (reply: Partial<PoliciesReply>): ChallengePolicies =>
  new ChallengePolicies({
    request: () => Promise.resolve({ policies: [], required: ['10.45.0.0/16'], ...reply }),
  } as unknown as BusClient);
const endsOf = (match: Match): Ends => ({ client: { hosts: ['client'], match } });
const admit = (match: Match, reply: Partial<PoliciesReply> = {}) =>
  policies(reply).admit('tag-dns', endsOf(match));
const elsewhere = { prefixes: ['192.0.2.0/24'] };

describe('a network that requires challenges', () => {
  it.each<[string, Match]>([
    ['everything', {}],
    ['a part of it as remote', { local: elsewhere, remote: { prefixes: ['10.45.3.0/24'] } }],
    ['more than it as local', { local: { prefixes: ['10.0.0.0/8'] }, remote: elsewhere }],
    ['anything on one side', { local: elsewhere }],
  ])('refuses a deployment without a policy that matches %s', async (_, match) => {
    await expect(admit(match)).rejects.toMatchObject({
      name: 'POLICY_REQUIRED',
      code: 403,
      message: expect.stringContaining('10.45.0.0/16'),
    });
  });

  it('accepts one with a policy', async () => {
    const policy = { deployment: 'tag-dns', interval: 60, window: 5 };
    await expect(admit({}, { policies: [policy] })).resolves.toBeUndefined();
  });

  it('accepts one that is elsewhere', async () => {
    await expect(admit({ local: elsewhere, remote: elsewhere })).resolves.toBeUndefined();
  });

  it('is none unless somebody says so', async () => {
    await expect(admit({}, { required: [] })).resolves.toBeUndefined();
  });
});
