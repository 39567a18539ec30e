// SPDX-License-Identifier: Apache-2.0
import type { StoredEvent } from '@l45/bus';
import { Transactions } from '@l45/cib';
import type { EventName, PastEvent } from '@l45/contracts';
import { Injectable } from '@nestjs/common';

export interface EventFilter {
  /** LIKE patterns; empty: all. */
  patterns: string[];
  about?: string;
  since?: Date;
  until?: Date;
  limit: number;
}

export interface KnownEvent extends StoredEvent {
  about: string[];
}

/** Events of the past. */
@Injectable()
export class EventsRepository {
  constructor(private readonly transactions: Transactions) {}

  /** What is stored already stays as it is. */
  async store(events: KnownEvent[], deployments: { id: string; name: string }[]): Promise<void> {
    await this.transactions.exclusively('monitor events', async (manager) => {
      await manager.query(
        `INSERT INTO monitor.event (at, sequence, event, about, payload)
         SELECT at, sequence, event, about, payload FROM jsonb_to_recordset($1)
           AS given(at timestamptz, sequence bigint, event text, about text[], payload jsonb)
         ON CONFLICT DO NOTHING`,
        [JSON.stringify(events)],
      );
      await manager.query(
        `INSERT INTO monitor.deployment (id, name, at)
         SELECT DISTINCT id, name, now() FROM jsonb_to_recordset($1) AS given(id uuid, name text)
         ON CONFLICT (id) DO UPDATE SET at = now()`,
        [JSON.stringify(deployments)],
      );
    });
  }

  /** The newest, and all that are as old as the last of them, so that none is between two pages. */
  async find({ patterns, about, since, until, limit }: EventFilter): Promise<PastEvent[]> {
    const rows = await this.transactions.run((manager) =>
      manager.query<{ event: EventName; at: Date; payload: unknown }[]>(
        `SELECT event, at, payload FROM (
           SELECT * FROM monitor.event
           WHERE (cardinality($1::text[]) = 0 OR event LIKE ANY($1))
             AND ($2::text IS NULL OR about @> ARRAY[$2])
             AND ($3::timestamptz IS NULL OR at >= $3) AND ($4::timestamptz IS NULL OR at < $4)
           ORDER BY at DESC FETCH FIRST ($5) ROWS WITH TIES) AS page
         ORDER BY at DESC, sequence DESC`,
        [patterns, about ?? null, since ?? null, until ?? null, limit],
      ),
    );
    return rows.map(({ event, at, payload }) => ({ event, at: at.toISOString(), payload }));
  }
}
