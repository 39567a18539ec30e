// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Revisions1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE deployer.deployment ADD COLUMN forced boolean NOT NULL DEFAULT false`);
    await runner.query(`
      CREATE TABLE deployer.outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event text NOT NULL,
        payload jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE deployer.revision (
        name text NOT NULL,
        revision integer NOT NULL,
        deployment uuid NOT NULL REFERENCES deployer.deployment,
        change text NOT NULL,
        author text NOT NULL,
        reason text,
        diff jsonb NOT NULL,
        settings jsonb NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (name, revision)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deployer.revision, deployer.outbox');
    await runner.query('ALTER TABLE deployer.deployment DROP COLUMN forced');
  }
}
