// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { AgentChallengeReply } from '@l45/contracts';
import { Injectable } from '@nestjs/common';

/**
 * What the code of a host measured when it was asked first after it was loaded: addresses are
 * others with every load, so that no measurement can be told in advance.
 */
@Injectable()
export class Baselines {
  constructor(private readonly transactions: Transactions) {}

  /** The measurement of a load; taken from this answer if it is the first. */
  async of({ host, bootId, load, measurement }: AgentChallengeReply): Promise<string> {
    return this.transactions.run(async (manager) => {
      await manager.query(
        `INSERT INTO security.baseline (host, "bootId", load, measurement)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
        [host, bootId, load, measurement],
      );
      const [baseline] = await manager.query<{ measurement: string }[]>(
        `SELECT measurement FROM security.baseline WHERE host = $1 AND "bootId" = $2 AND load = $3`,
        [host, bootId, load],
      );
      return baseline?.measurement ?? '';
    });
  }
}
