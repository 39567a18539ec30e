// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Initial1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE builder.added_customization (
        name text PRIMARY KEY,
        manifest text NOT NULL,
        files jsonb NOT NULL,
        "sourceDigest" text NOT NULL,
        "addedAt" timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE builder.built_module (
        key text PRIMARY KEY,
        name text NOT NULL,
        "kernelRelease" text NOT NULL,
        arch text NOT NULL,
        digest text NOT NULL,
        size integer NOT NULL,
        srcversion text NOT NULL,
        symbols text NOT NULL,
        "builtAt" timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE builder.built_module, builder.added_customization');
  }
}
