// SPDX-License-Identifier: Apache-2.0
//
// Migrates the schemas of all services, for those that are told not to (L45_MIGRATE=false):
//   node dist/migrate/main.js
// It reads DATABASE_URL as they do, waits for a database that isn't up yet, and may be repeated.

import { ConfigError, loadConfig } from '@l45/bus';
import { CibConfig, dataSourceOptions, openDataSource } from '@l45/cib';
import { JsonLogger } from '@l45/telemetry';
import { Logger } from '@nestjs/common';
import { SCHEMAS } from './schemas.js';

const logger = new Logger('Migrate');
Logger.overrideLogger(new JsonLogger({ service: 'migrate', level: 'info' }));
try {
  const { DATABASE_URL } = loadConfig(CibConfig);
  for (const schema of SCHEMAS) {
    const dataSource = await openDataSource(dataSourceOptions(DATABASE_URL, schema));
    await dataSource.destroy();
  }
  logger.log('every schema is up to date');
} catch (error) {
  logger.fatal(error instanceof ConfigError ? error.message : error);
  process.exitCode = 1;
}
