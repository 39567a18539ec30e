// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { ChallengeResult, ChallengesRequest } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { LessThan } from 'typeorm';
import { ChallengeRow } from '../storage/challenge.entity.js';

const KEPT_DAYS = 30;
const LIMIT = 100;

/** Challenges of the past. */
@Injectable()
export class History {
  constructor(private readonly transactions: Transactions) {}

  async record(results: ChallengeResult[]): Promise<void> {
    if (results.length === 0) return;
    await this.transactions.run((manager) => manager.insert(ChallengeRow, results));
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
