// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class History1764100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE monitor.instance (
        host text NOT NULL,
        id uuid NOT NULL,
        deployment uuid NOT NULL,
        customization text NOT NULL,
        role text NOT NULL,
        mode text NOT NULL,
        priority integer NOT NULL,
        sockets integer NOT NULL,
        "lastUsed" timestamptz,
        counters jsonb NOT NULL,
        "installedAt" timestamptz NOT NULL,
        "deprecatedAt" timestamptz,
        "revokedAt" timestamptz,
        "sampledAt" timestamptz,
        sampled jsonb,
        PRIMARY KEY (host, id)
      )`);
    await runner.query(`CREATE INDEX ON monitor.instance (deployment)`);
    await runner.query(`
      CREATE TABLE monitor.sample (
        host text NOT NULL,
        instance uuid NOT NULL,
        at timestamptz NOT NULL,
        sockets integer NOT NULL,
        counters jsonb NOT NULL,
        PRIMARY KEY (host, instance, at)
      )`);
    await runner.query(`CREATE INDEX ON monitor.sample (at)`);
    await runner.query(`
      CREATE TABLE monitor.event (
        at timestamptz NOT NULL,
        sequence bigint NOT NULL,
        event text NOT NULL,
        about text[] NOT NULL,
        payload jsonb NOT NULL,
        PRIMARY KEY (at, sequence)
      )`);
    await runner.query(`CREATE INDEX ON monitor.event USING gin (about)`);
    await runner.query(`
      CREATE TABLE monitor.deployment (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE monitor.drift (
        host text PRIMARY KEY,
        since timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['instance', 'sample', 'event', 'deployment', 'drift'])
      await runner.query(`DROP TABLE monitor.${table}`);
  }
}
