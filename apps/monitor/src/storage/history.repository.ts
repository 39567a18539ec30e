// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { InstanceReport, InstanceState, Sample } from '@l45/contracts';
import { Injectable } from '@nestjs/common';

/** Absent: any. */
export interface Filter {
  host?: string;
  /** Name or identifier. */
  deployment?: string;
  state?: InstanceState;
  since?: Date;
  until?: Date;
  limit: number;
}

type Row<T, Dates extends keyof T> = Omit<T, Dates> & Record<Dates, Date | null>;
type InstanceRow = Row<
  InstanceReport,
  'lastUsed' | 'installedAt' | 'deprecatedAt' | 'revokedAt'
> & { installedAt: Date };

const STATE = `CASE WHEN "revokedAt" IS NOT NULL THEN 'revoked'
  WHEN "deprecatedAt" IS NOT NULL THEN 'deprecated' ELSE 'installed' END`;
const FROM = `monitor.instance LEFT JOIN monitor.deployment ON deployment.id = instance.deployment`;
const CHOSEN = `($1::text IS NULL OR instance.host = $1)
  AND ($2::text IS NULL OR deployment.name = $2 OR instance.deployment::text = $2)`;

/** What became of instances, and what they had counted. */
@Injectable()
export class HistoryRepository {
  constructor(private readonly transactions: Transactions) {}

  async instances({ host, deployment, state, limit }: Filter): Promise<InstanceReport[]> {
    const rows = await this.#query<InstanceRow>(
      `SELECT host, instance.id AS instance, deployment, name, customization, role, ${STATE} AS state,
         mode, priority, sockets, "lastUsed", counters, "installedAt", "deprecatedAt", "revokedAt"
       FROM ${FROM} WHERE ${CHOSEN} AND ($3::text IS NULL OR ${STATE} = $3)
       ORDER BY "installedAt" DESC, host, instance.id LIMIT $4`,
      [host, deployment, state, limit],
    );
    return rows.map(({ name, lastUsed, installedAt, deprecatedAt, revokedAt, ...row }) => ({
      ...row,
      ...(name && { name }),
      ...(lastUsed && { lastUsed: lastUsed.toISOString() }),
      installedAt: installedAt.toISOString(),
      ...(deprecatedAt && { deprecatedAt: deprecatedAt.toISOString() }),
      ...(revokedAt && { revokedAt: revokedAt.toISOString() }),
    }));
  }

  /** The newest, and all that are as old as the last of them, so that none is between two pages. */
  async samples({ host, deployment, since, until, limit }: Filter): Promise<Sample[]> {
    const rows = await this.#query<Row<Sample, 'at'> & { at: Date }>(
      `SELECT * FROM (
         SELECT sample.host, instance.id AS instance, deployment, name, role, sample.sockets,
           sample.counters, sample.at
         FROM monitor.sample JOIN (${FROM}) ON sample.host = instance.host AND sample.instance = instance.id
         WHERE ${CHOSEN} AND ($3::timestamptz IS NULL OR sample.at >= $3)
           AND ($4::timestamptz IS NULL OR sample.at < $4)
         ORDER BY sample.at DESC FETCH FIRST ($5) ROWS WITH TIES) AS page
       ORDER BY at DESC, host, instance`,
      [host, deployment, since, until, limit],
    );
    return rows.map(({ name, at, ...row }) => ({
      ...row,
      ...(name && { name }),
      at: at.toISOString(),
    }));
  }

  /** Names of deployments, as far as they are known. */
  async names(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#query<{ id: string; name: string }>(
      `SELECT id, name FROM monitor.deployment`,
      [],
    );
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  #query<R>(sql: string, parameters: unknown[]): Promise<R[]> {
    return this.transactions.run((manager) =>
      manager.query<R[]>(
        sql,
        parameters.map((parameter) => parameter ?? null),
      ),
    );
  }
}
