// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Initial1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE security.signing_key (
        id text PRIMARY KEY,
        "publicKey" text NOT NULL,
        "privateKey" bytea NOT NULL,
        "notBefore" timestamptz NOT NULL,
        "notAfter" timestamptz,
        endorsement jsonb
      )`);
    await runner.query(`
      CREATE TABLE security.release (
        customization text NOT NULL,
        source text NOT NULL,
        counter integer NOT NULL,
        PRIMARY KEY (customization, source),
        UNIQUE (customization, counter)
      )`);
    await runner.query(`
      CREATE TABLE security.signed_artifact (
        digest text PRIMARY KEY,
        customization text NOT NULL,
        source text NOT NULL,
        "signedAt" timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE security.signed_artifact, security.release, security.signing_key',
    );
  }
}
