// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Identities1764000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE security.identity (
        host text PRIMARY KEY,
        role text NOT NULL,
        "publicKey" text UNIQUE,
        invitation text,
        node text,
        "enrolledAt" timestamptz,
        "revokedAt" timestamptz
      )`);
    await runner.query(`
      CREATE TABLE security.revoked_key (
        "publicKey" text PRIMARY KEY,
        host text NOT NULL,
        "at" timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE security.revoked_key, security.identity');
  }
}
