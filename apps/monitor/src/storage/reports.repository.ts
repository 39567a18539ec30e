// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { ObservedState } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface Report {
  state: ObservedState;
  /** When it reached the bus, by the clock of the NATS server. */
  at: Date;
}

/** Unless a newer one is there, or another replica has stored it. */
const STORE_HOSTS = `
  INSERT INTO monitor.host (name, report, "lastSeen", online)
  SELECT state->>'host', state, at, false FROM jsonb_to_recordset($1) AS given(state jsonb, at timestamptz)
  ON CONFLICT (name) DO UPDATE SET report = excluded.report, "lastSeen" = excluded."lastSeen"
  WHERE host."lastSeen" < excluded."lastSeen"
     OR (host."lastSeen" = excluded."lastSeen" AND host.report <> excluded.report)
  RETURNING name`;

/** What the kernels have. One that comes back after it was gone is installed anew. */
const STORE_INSTANCES = `
  INSERT INTO monitor.instance AS old (host, id, deployment, customization, role, mode, priority,
    sockets, "lastUsed", counters, "installedAt", "deprecatedAt")
  SELECT host.name, (one->>'id')::uuid, (one->>'deployment')::uuid, one->>'customization',
    one->>'role', one->>'mode', (one->>'priority')::integer, (one->>'sockets')::integer,
    CASE WHEN one->>'lastUsed' <> '0' THEN (host.report->>'bootedAt')::timestamptz
      + make_interval(secs => (one->>'lastUsed')::float8 / 1e9) END,
    one->'counters', host."lastSeen",
    CASE WHEN (one->>'deprecated')::boolean THEN host."lastSeen" END
  FROM monitor.host, jsonb_array_elements(host.report->'instances') AS one
  WHERE host.name = ANY($1)
  ON CONFLICT (host, id) DO UPDATE SET
    mode = excluded.mode, priority = excluded.priority, sockets = excluded.sockets,
    "lastUsed" = excluded."lastUsed", counters = excluded.counters,
    "installedAt" = CASE WHEN old."revokedAt" IS NULL THEN old."installedAt"
      ELSE excluded."installedAt" END,
    "deprecatedAt" = CASE WHEN excluded."deprecatedAt" IS NOT NULL AND old."revokedAt" IS NULL
      THEN coalesce(old."deprecatedAt", excluded."deprecatedAt") ELSE excluded."deprecatedAt" END,
    "revokedAt" = NULL
  WHERE (old.mode, old.priority, old.sockets, old.counters, old."deprecatedAt" IS NULL, old."revokedAt")
    IS DISTINCT FROM (excluded.mode, excluded.priority, excluded.sockets, excluded.counters,
      excluded."deprecatedAt" IS NULL, NULL)`;

const STORE_REVOCATIONS = `
  UPDATE monitor.instance SET "revokedAt" = host."lastSeen", sockets = 0
  FROM monitor.host WHERE host.name = instance.host AND host.name = ANY($1)
    AND "revokedAt" IS NULL AND NOT EXISTS (
      SELECT FROM jsonb_array_elements(host.report->'instances') AS one
      WHERE (one->>'id')::uuid = instance.id)`;

/** Of those that have counted anything since their last sample, if that is long enough ago. */
const SAMPLE = `
  WITH due AS (
    UPDATE monitor.instance SET "sampledAt" = host."lastSeen",
      sampled = jsonb_build_object('sockets', sockets, 'counters', counters)
    FROM monitor.host WHERE host.name = instance.host AND host.name = ANY($1)
      AND ("sampledAt" IS NULL OR "sampledAt" <= host."lastSeen" - make_interval(secs => $2))
      AND sampled IS DISTINCT FROM jsonb_build_object('sockets', sockets, 'counters', counters)
    RETURNING instance.host, instance.id, "sampledAt", sockets, counters)
  INSERT INTO monitor.sample (host, instance, at, sockets, counters)
  SELECT * FROM due ON CONFLICT DO NOTHING`;

/** What hosts report, and what became of their instances. */
@Injectable()
export class ReportsRepository {
  constructor(private readonly transactions: Transactions) {}

  /** Stores reports of different hosts, all at once; each is stored by one replica. */
  async store(reports: Report[], sampleSeconds: number): Promise<void> {
    await this.transactions.exclusively('monitor hosts', async (manager) => {
      const stored = await manager.query<{ name: string }[]>(STORE_HOSTS, [
        JSON.stringify(reports),
      ]);
      if (stored.length === 0) return;
      const hosts = stored.map(({ name }) => name);
      await manager.query(STORE_INSTANCES, [hosts]);
      await manager.query(STORE_REVOCATIONS, [hosts]);
      await manager.query(SAMPLE, [hosts, sampleSeconds]);
    });
  }

  /** Forgets what is older than that. */
  async prune(before: Date): Promise<void> {
    await this.transactions.run(async (manager: EntityManager) => {
      await manager.query(`DELETE FROM monitor.sample WHERE at < $1`, [before]);
      await manager.query(`DELETE FROM monitor.event WHERE at < $1`, [before]);
      await manager.query(`DELETE FROM monitor.instance WHERE "revokedAt" < $1`, [before]);
      await manager.query(
        `DELETE FROM monitor.deployment WHERE at < $1 AND NOT EXISTS (
           SELECT FROM monitor.instance WHERE instance.deployment = deployment.id)`,
        [before],
      );
    });
  }
}
