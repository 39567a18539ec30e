// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { ObservedState } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { HostRow } from './host.entity.js';

@Injectable()
export class HostsRepository {
  constructor(private readonly transactions: Transactions) {}

  all(): Promise<HostRow[]> {
    return this.transactions.run((manager) => manager.find(HostRow, { order: { name: 'ASC' } }));
  }

  one(name: string): Promise<HostRow | null> {
    return this.transactions.run((manager) => manager.findOneBy(HostRow, { name }));
  }

  /** Stores a report unless a newer one is there; whether the host counts as offline so far. */
  store(report: ObservedState, lastSeen: Date): Promise<boolean> {
    return this.transactions.run(async (manager) => {
      const [stored] = await manager.query<{ online: boolean }[]>(
        `INSERT INTO monitor.host (name, report, "lastSeen", online) VALUES ($1, $2, $3, false)
         ON CONFLICT (name) DO UPDATE SET report = $2, "lastSeen" = $3 WHERE host."lastSeen" <= $3
         RETURNING online`,
        [report.host, JSON.stringify(report), lastSeen],
      );
      return stored?.online === false;
    });
  }

  /**
   * Brings `online` in line with `lastSeen`, and returns the hosts for which that was a change:
   * each change is returned to one replica only.
   */
  settle(silentSince: Date): Promise<{ host: string; online: boolean }[]> {
    return this.transactions.run(async (manager) => {
      const [changed] = await manager.query<[{ host: string; online: boolean }[], number]>(
        `UPDATE monitor.host SET online = ("lastSeen" >= $1)
         WHERE online <> ("lastSeen" >= $1) RETURNING name AS host, online`,
        [silentSince],
      );
      return changed;
    });
  }
}
