// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { ChallengePolicy } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { Subject } from './hosts.js';

/** When each instance is challenged next; each is claimed by one replica. */
@Injectable()
export class Schedule {
  constructor(private readonly transactions: Transactions) {}

  /** These instances are challenged, at moments spread over the interval, and no others. */
  async plan(policies: { policy: ChallengePolicy; subjects: Subject[] }[]): Promise<void> {
    const rows = policies.flatMap(({ policy, subjects }) =>
      subjects.map((subject) => ({ ...subject, after: Math.random() * policy.interval })),
    );
    await this.transactions.run(async (manager) => {
      await manager.query(
        `INSERT INTO security.due (instance, deployment, host, role, at)
         SELECT instance, deployment, host, role, now() + after * interval '1 second'
         FROM jsonb_to_recordset($1) AS t(instance uuid, deployment text, host text, role text, after float)
         ON CONFLICT (instance) DO NOTHING`,
        [JSON.stringify(rows)],
      );
      await manager.query('DELETE FROM security.due WHERE NOT instance = ANY($1::uuid[])', [
        rows.map(({ instance }) => instance),
      ]);
    });
  }

  /** What is due now, and is not due again before its interval is over. */
  async claim(): Promise<{ subject: Subject; policy: ChallengePolicy }[]> {
    return this.transactions.run(async (manager) => {
      const [rows] = await manager.query<[(Subject & ChallengePolicy)[], number]>(
        `UPDATE security.due SET at = now() + p."interval" * interval '1 second'
         FROM security.challenge_policy p
         WHERE p.deployment = due.deployment AND instance IN (
           SELECT instance FROM security.due WHERE at <= now() FOR UPDATE SKIP LOCKED)
         RETURNING due.instance, due.deployment, due.host, due.role, p."interval", p."window"`,
      );
      return rows.map(({ deployment, host, role, instance, interval, window }) => ({
        subject: { deployment, host, role, instance },
        policy: { deployment, interval, window },
      }));
    });
  }
}
