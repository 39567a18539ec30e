// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Schedules1763930000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE deployer.schedule (
        name text PRIMARY KEY,
        current text NOT NULL,
        turns integer NOT NULL,
        interval integer NOT NULL,
        deployments jsonb NOT NULL,
        timeout integer NOT NULL,
        drain integer NOT NULL,
        author text NOT NULL,
        "nextAt" timestamptz NOT NULL,
        problem text
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deployer.schedule');
  }
}
