// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Initial1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE middlebox.middlebox (
        name text PRIMARY KEY,
        types jsonb NOT NULL,
        sees jsonb,
        revision integer NOT NULL,
        desired jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE middlebox.allowed (
        deployment text PRIMARY KEY,
        applications jsonb NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE middlebox.reported (
        middlebox text NOT NULL,
        deployment uuid NOT NULL,
        application text NOT NULL,
        source text NOT NULL,
        PRIMARY KEY (middlebox, deployment, application, source)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE middlebox.reported, middlebox.allowed, middlebox.middlebox');
  }
}
