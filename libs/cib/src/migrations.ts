// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';

const LOOK_AGAIN_MS = 500;
const logger = new Logger('Migrations');

/** Whoever comes at the same time takes turns: the first one migrates, the others find it done. */
export async function migrate(dataSource: DataSource): Promise<void> {
  const schema = schemaOf(dataSource);
  const turn = dataSource.createQueryRunner();
  try {
    await turn.query(`SELECT pg_advisory_lock(hashtext('l45.migrate'), hashtext($1))`, [schema]);
    await turn.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    const ran = await dataSource.runMigrations({ transaction: 'all' });
    await turn.query(`SELECT pg_advisory_unlock(hashtext('l45.migrate'), hashtext($1))`, [schema]);
    for (const { name } of ran) logger.log(`${schema}: ${name}`);
  } finally {
    await turn.release();
  }
}

/** Waits until somebody else has brought the schema up to date, and changes nothing. */
export async function untilMigrated(dataSource: DataSource): Promise<void> {
  if (await isMigrated(dataSource)) return;
  logger.log(`waiting for the migrations of ${schemaOf(dataSource)}`);
  do await delay(LOOK_AGAIN_MS);
  while (!(await isMigrated(dataSource)));
}

async function isMigrated(dataSource: DataSource): Promise<boolean> {
  const runner = dataSource.createQueryRunner();
  try {
    // TypeORM makes the table when it is asked for what is missing in it.
    const hasTable = await runner.hasTable(`${schemaOf(dataSource)}.migrations`);
    return hasTable && !(await dataSource.showMigrations());
  } finally {
    await runner.release();
  }
}

const schemaOf = ({ options }: DataSource): string => (options as { schema: string }).schema;
