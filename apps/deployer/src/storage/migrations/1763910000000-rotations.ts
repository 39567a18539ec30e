// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Rotations1763910000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deployer.deployment ADD COLUMN priorities jsonb');
    await runner.query(`
      CREATE TABLE deployer.rotation (
        id uuid PRIMARY KEY,
        "from" uuid NOT NULL REFERENCES deployer.deployment,
        "to" uuid NOT NULL REFERENCES deployer.deployment,
        step text NOT NULL,
        deadline timestamptz NOT NULL,
        "drainSeconds" integer NOT NULL,
        behind integer NOT NULL,
        received text,
        "quietSince" timestamptz,
        "switchedAt" timestamptz,
        problem text,
        author text NOT NULL,
        reason text,
        "createdAt" timestamptz NOT NULL,
        "updatedAt" timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE INDEX rotation_live ON deployer.rotation (step) WHERE step NOT IN ('done', 'aborted')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deployer.rotation');
    await runner.query('ALTER TABLE deployer.deployment DROP COLUMN priorities');
  }
}
