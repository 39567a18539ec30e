// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { Injectable } from '@nestjs/common';
import { MoreThan } from 'typeorm';
import { HostRow } from './host.entity.js';

interface Liveness {
  host: string;
  online: boolean;
  lastSeen: Date;
}

const CHANGED = `online <> ("lastSeen" >= $1) AND (NOT online OR $2)`;

@Injectable()
export class HostsRepository {
  constructor(private readonly transactions: Transactions) {}

  /** By name, and only those that come after one. */
  page(after: string, limit: number): Promise<HostRow[]> {
    return this.transactions.run((manager) =>
      manager.find(HostRow, {
        where: { name: MoreThan(after) },
        order: { name: 'ASC' },
        take: limit,
      }),
    );
  }

  one(name: string): Promise<HostRow | null> {
    return this.transactions.run((manager) => manager.findOneBy(HostRow, { name }));
  }

  async names(): Promise<string[]> {
    const rows = await this.transactions.run((manager) =>
      manager.find(HostRow, { select: { name: true }, order: { name: 'ASC' } }),
    );
    return rows.map(({ name }) => name);
  }

  /**
   * Brings `online` in line with `lastSeen`, once `tell` has told of each host for which that is a
   * change; one replica at a time. Unless silence means something, nobody goes offline.
   */
  async settle(
    silentSince: Date,
    isSilenceMeant: boolean,
    tell: (changes: Liveness[]) => Promise<void>,
  ): Promise<void> {
    const isSettled = await this.transactions.run(async (manager) => {
      const changed = await manager.query<unknown[]>(
        `SELECT FROM monitor.host WHERE ${CHANGED} LIMIT 1`,
        [silentSince, isSilenceMeant],
      );
      return changed.length === 0;
    });
    if (isSettled) return;
    await this.transactions.exclusively('monitor hosts', async (manager) => {
      const [changes] = await manager.query<[Liveness[], number]>(
        `UPDATE monitor.host SET online = ("lastSeen" >= $1) WHERE ${CHANGED}
         RETURNING name AS host, online, "lastSeen"`,
        [silentSince, isSilenceMeant],
      );
      await tell(changes);
    });
  }
}
