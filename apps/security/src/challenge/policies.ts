// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { type ChallengePolicy, L45Error, parsePrefix, type PoliciesReply } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ChallengePolicyRow } from '../storage/challenge-policy.entity.js';
import { RequiredPrefixRow } from '../storage/required-prefix.entity.js';

/** Which deployments are challenged, and in which networks all of them have to be. */
@Injectable()
export class Policies {
  constructor(private readonly transactions: Transactions) {}

  all(): Promise<PoliciesReply> {
    return this.transactions.run(listed);
  }

  async set(policy: ChallengePolicy): Promise<ChallengePolicy> {
    const { deployment, interval, window } = policy;
    if (window > interval)
      throw new L45Error(
        'VALIDATION',
        `window (${window} s) must not exceed interval (${interval} s): a challenge is over before the next one`,
        [{ field: 'window', rule: 'max', message: `must be at most ${interval}` }],
      );
    await this.transactions.run((manager) =>
      manager.upsert(ChallengePolicyRow, { deployment, interval, window }, ['deployment']),
    );
    return policy;
  }

  drop(deployment: string): Promise<PoliciesReply> {
    return this.transactions.run(async (manager) => {
      await manager.delete(ChallengePolicyRow, { deployment });
      return listed(manager);
    });
  }

  require(prefixes: string[]): Promise<PoliciesReply> {
    for (const prefix of prefixes) refuseUnlessPrefix(prefix);
    return this.transactions.exclusively('required prefixes', async (manager) => {
      await manager.clear(RequiredPrefixRow);
      await manager.insert(
        RequiredPrefixRow,
        prefixes.map((prefix) => ({ prefix })),
      );
      return listed(manager);
    });
  }
}

function refuseUnlessPrefix(prefix: string): void {
  try {
    parsePrefix(prefix);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new L45Error('VALIDATION', message, [{ field: 'prefixes', rule: 'isPrefix', message }]);
  }
}

async function listed(manager: EntityManager): Promise<PoliciesReply> {
  const policies = await manager.find(ChallengePolicyRow, { order: { deployment: 'ASC' } });
  const required = await manager.find(RequiredPrefixRow, { order: { prefix: 'ASC' } });
  return {
    policies: policies.map(({ deployment, interval, window }) => ({
      deployment,
      interval,
      window,
    })),
    required: required.map(({ prefix }) => prefix),
  };
}
