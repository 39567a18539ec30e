// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { type HistoryReply, L45Error, type Revision } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import type { RevisionRow } from '../storage/revision.entity.js';

/** Who changed what, when and why. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeploymentsRepository,
  ) {}

  async of(name: string): Promise<HistoryReply> {
    const rows = await this.transactions.run((manager) => this.repository.revisions(manager, name));
    if (rows.length === 0)
      throw new L45Error('UNKNOWN_DEPLOYMENT', `there never was a deployment "${name}"`);
    return { name, revisions: rows.map(viewOf) };
  }

  async revision(manager: EntityManager, name: string, revision: number): Promise<RevisionRow> {
    const rows = await this.repository.revisions(manager, name);
    const found = rows.find((row) => row.revision === revision);
    if (found) return found;
    const known = rows.length
      ? `it has ${rows.at(-1)?.revision} to ${rows[0]?.revision}`
      : 'it has none';
    throw new L45Error('UNKNOWN_REVISION', `"${name}" has no revision ${revision}: ${known}`);
  }
}

const viewOf = ({
  revision,
  deployment,
  change,
  author,
  reason,
  diff,
  at,
}: RevisionRow): Revision => ({
  revision,
  deployment,
  change,
  author,
  ...(reason !== null && { reason }),
  diff,
  at: at.toISOString(),
});
