// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DriftRow } from './drift.entity.js';

interface Change {
  began: (readonly [host: string, since: Date])[];
  ended: string[];
}

/** Hosts of whose drift an event told, and since when they drift. */
@Injectable()
export class DriftsRepository {
  constructor(private readonly transactions: Transactions) {}

  told(): Promise<ReadonlyMap<string, Date>> {
    return this.transactions.run(read);
  }

  /** One replica at a time. */
  update(decide: (told: ReadonlyMap<string, Date>) => Promise<Change>): Promise<void> {
    return this.transactions.exclusively('monitor drift', async (manager) => {
      const { began, ended } = await decide(await read(manager));
      for (const [host, since] of began) await manager.insert(DriftRow, { host, since });
      if (ended.length) await manager.delete(DriftRow, ended);
    });
  }
}

async function read(manager: EntityManager): Promise<ReadonlyMap<string, Date>> {
  const rows = await manager.find(DriftRow);
  return new Map(rows.map(({ host, since }) => [host, since]));
}
