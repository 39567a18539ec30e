// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { Injectable } from '@nestjs/common';
import { MiddleboxRow } from './middlebox.entity.js';
import { upsert } from './upsert.js';

@Injectable()
export class MiddleboxesRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Adds and removes, and returns the names of all that there are. */
  change({ added, removed }: { added: string[]; removed: string[] }): Promise<string[]> {
    return this.transactions.run(async (manager) => {
      await upsert(
        manager,
        MiddleboxRow,
        added.map((name) => ({ name })),
        ['name'],
      );
      if (removed.length) await manager.delete(MiddleboxRow, removed);
      return (await manager.find(MiddleboxRow)).map(({ name }) => name);
    });
  }
}
