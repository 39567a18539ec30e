// SPDX-License-Identifier: Apache-2.0
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Initial1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE deployer.deployment (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        specification jsonb NOT NULL,
        priority integer NOT NULL,
        mode text NOT NULL,
        deprecated boolean NOT NULL,
        phase text NOT NULL,
        revision integer NOT NULL,
        traceparent text,
        "createdAt" timestamptz NOT NULL,
        "updatedAt" timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX deployment_live_name ON deployer.deployment (name)
      WHERE phase <> 'revoked'`);
    await runner.query(`
      CREATE INDEX deployment_history ON deployer.deployment (name, "createdAt")`);
    await runner.query(`
      CREATE TABLE deployer.host (
        name text PRIMARY KEY,
        target jsonb NOT NULL,
        observed jsonb NOT NULL,
        problems jsonb NOT NULL,
        "observedAt" timestamptz NOT NULL,
        applied integer NOT NULL,
        revision integer NOT NULL,
        desired jsonb NOT NULL,
        "desiredTarget" jsonb,
        since jsonb NOT NULL,
        traceparent text
      )`);
    await runner.query(`
      CREATE TABLE deployer.build (
        customization text NOT NULL,
        "kernelRelease" text NOT NULL,
        arch text NOT NULL,
        artifacts jsonb,
        problem text,
        PRIMARY KEY (customization, "kernelRelease", arch)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deployer.build, deployer.host, deployer.deployment');
  }
}
