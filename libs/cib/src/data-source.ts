// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataSource, type DataSourceOptions, type MixedList } from 'typeorm';
import { migrate } from './migrations.js';
import { isUnavailable } from './unavailable.js';

export interface SchemaOptions {
  /** Name of the schema that the service owns. */
  schema: string;
  entities: MixedList<new () => object>;
  migrations: MixedList<new () => object>;
}

const RETRY_MS = 250;
/** Long enough for a server that is busy, short enough for a request that waits. */
const CONNECT_TIMEOUT_MS = 3_000;
const logger = new Logger('Cib');

export const dataSourceOptions = (
  url: string,
  { schema, entities, migrations }: SchemaOptions,
): DataSourceOptions => ({
  type: 'postgres',
  // TypeORM would look for it in node_modules, where there are none beside a bundle.
  driver: pg,
  url,
  schema,
  entities,
  migrations,
  applicationName: `l45 ${schema}`,
  connectTimeoutMS: CONNECT_TIMEOUT_MS,
  // A server that restarts breaks idle connections: the pool opens new ones on demand.
  poolErrorHandler: (error: Error) => logger.warn(`lost a connection: ${error.message}`),
  extra: { keepAlive: true },
});

/**
 * Opens a data source, waiting for a database that isn't up yet.
 *
 * @param prepare Brings its schema up to date.
 */
export async function openDataSource(
  options: DataSourceOptions,
  prepare: (dataSource: DataSource) => Promise<void> = migrate,
): Promise<DataSource> {
  for (let attempt = 0; ; attempt++) {
    const dataSource = new DataSource(options);
    try {
      await dataSource.initialize();
      await prepare(dataSource);
      return dataSource;
    } catch (error) {
      if (dataSource.isInitialized) await dataSource.destroy();
      if (!isUnavailable(error)) throw error;
      if (attempt === 0) logger.warn(`waiting for the database: ${String(error)}`);
      await delay(RETRY_MS);
    }
  }
}
