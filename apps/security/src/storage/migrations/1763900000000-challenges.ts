// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Challenges1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE security.challenge_policy (
        deployment text PRIMARY KEY,
        "interval" integer NOT NULL,
        "window" integer NOT NULL
      )`);
    await runner.query(`CREATE TABLE security.required_prefix (prefix text PRIMARY KEY)`);
    // Measured with the first answer after the code was loaded.
    await runner.query(`
      CREATE TABLE security.baseline (
        host text NOT NULL,
        "bootId" text NOT NULL,
        load text NOT NULL,
        measurement text NOT NULL,
        "takenAt" timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (host, "bootId", load)
      )`);
    await runner.query(`
      CREATE TABLE security.due (
        instance uuid PRIMARY KEY,
        deployment text NOT NULL,
        host text NOT NULL,
        role text NOT NULL,
        "at" timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE security.challenge (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        deployment text NOT NULL,
        host text NOT NULL,
        role text NOT NULL,
        instance uuid NOT NULL,
        outcome text NOT NULL,
        message text,
        ms integer NOT NULL,
        "at" timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX ON security.challenge (deployment, id)`);
    await runner.query(`CREATE INDEX ON security.challenge ("at")`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE security.challenge, security.due, security.baseline, security.required_prefix, security.challenge_policy',
    );
  }
}
