// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { SeenApplication } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AllowedRow } from './allowed.entity.js';
import { MiddleboxRow } from './middlebox.entity.js';

/** Whatever changes middleboxes takes turns, in all replicas. */
const TURN = 'middlebox';

@Injectable()
export class MiddleboxesRepository {
  constructor(private readonly transactions: Transactions) {}

  all(): Promise<MiddleboxRow[]> {
    return this.transactions.run((manager) =>
      manager.find(MiddleboxRow, { order: { name: 'ASC' } }),
    );
  }

  /** Reads all and writes those that `change` returns, alone. */
  update(
    change: (rows: MiddleboxRow[]) => MiddleboxRow[] | Promise<MiddleboxRow[]>,
  ): Promise<MiddleboxRow[]> {
    return this.transactions.exclusively(TURN, async (manager) => {
      const rows = await manager.find(MiddleboxRow, { order: { name: 'ASC' } });
      const changed = await change(rows);
      if (changed.length) await manager.save(MiddleboxRow, changed);
      return manager.find(MiddleboxRow, { order: { name: 'ASC' } });
    });
  }

  remove(name: string): Promise<boolean> {
    return this.transactions.exclusively(TURN, async (manager) => {
      const { affected } = await manager.delete(MiddleboxRow, { name });
      return Boolean(affected);
    });
  }

  /** No applications: all may occur. */
  allow(deployment: string, applications: string[]): Promise<void> {
    return this.transactions.run(async (manager) => {
      await (applications.length
        ? manager.save(AllowedRow, { deployment, applications })
        : manager.delete(AllowedRow, { deployment }));
    });
  }

  async allowed(): Promise<Map<string, string[]>> {
    const rows = await this.transactions.run((manager) => manager.find(AllowedRow));
    return new Map(rows.map(({ deployment, applications }) => [deployment, applications]));
  }

  /** Whether nobody has reported it yet; true once only, whichever replica asks. */
  isNew(middlebox: string, seen: SeenApplication): Promise<boolean> {
    return this.transactions.run(async (manager) => insertReport(manager, middlebox, seen));
  }

  /** What is allowed again may be reported again. */
  forget(deployment: string): Promise<void> {
    return this.transactions.run(async (manager) => {
      await manager.query('DELETE FROM middlebox.reported WHERE deployment = $1', [deployment]);
    });
  }
}

async function insertReport(
  manager: EntityManager,
  middlebox: string,
  { deployment, application, source }: SeenApplication,
): Promise<boolean> {
  const rows = await manager.query<unknown[]>(
    `INSERT INTO middlebox.reported VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1`,
    [middlebox, deployment, application, source],
  );
  return rows.length > 0;
}
