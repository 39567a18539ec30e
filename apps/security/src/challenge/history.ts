// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { type ChallengeResult, type ChallengesRequest, OUTCOMES } from '@l45/contracts';
import { counter } from '@l45/telemetry';
import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { ChallengeRow } from '../storage/challenge.entity.js';

const KEPT_DAYS = 30;
const LIMIT = 100;

/** Challenges of the past. */
@Injectable()
export class History {
  readonly #count = counter('l45.challenges', 'Challenges, by their outcome');

  constructor(private readonly transactions: Transactions) {
    // Each from zero, or nobody would see the first one as an increase.
    for (const outcome of OUTCOMES) this.#count.add(0, { 'l45.outcome': outcome });
  }

  async record(results: ChallengeResult[]): Promise<void> {
    for (const { outcome } of results) this.#count.add(1, { 'l45.outcome': outcome });
    if (results.length === 0) return;
    // TypeORM writes into what it is given, which is somebody's answer.
    const rows = results.map((result) => ({ ...result }));
    await this.transactions.run((manager) => manager.insert(ChallengeRow, rows));
  }

  async list({ deployment, limit = LIMIT }: ChallengesRequest): Promise<ChallengeResult[]> {
    const rows = await this.transactions.run((manager) =>
      manager.find(ChallengeRow, {
        where: deployment ? { deployment } : {},
        order: { id: 'DESC' },
        take: limit,
      }),
    );
    return rows.map(({ id: _id, message, at, ...row }) => ({
      ...row,
      ...(message && { message }),
      at: at.toISOString(),
    }));
  }

  async prune(): Promise<void> {
    const old = new Date(Date.now() - KEPT_DAYS * 86_400_000);
    await this.transactions.run((manager) => manager.delete(ChallengeRow, { at: LessThan(old) }));
  }
}
