// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Labels1763920000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE deployer.host ADD COLUMN labels jsonb NOT NULL DEFAULT '{}'`);
    await runner.query(
      `ALTER TABLE deployer.deployment ADD COLUMN members jsonb NOT NULL DEFAULT '{}'`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE deployer.deployment DROP COLUMN members');
    await runner.query('ALTER TABLE deployer.host DROP COLUMN labels');
  }
}
