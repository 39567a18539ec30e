// SPDX-License-Identifier: Apache-2.0
import { dataSourceOptions, migrate, openDataSource, untilMigrated } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { SERVICES } from '@l45/contracts';
import { existsSync, readFileSync } from 'node:fs';
import type { DataSource } from 'typeorm';
import { SCHEMAS } from './schemas.js';

describe('the schemas', () => {
  let postgres: PostgresServer;
  const open: DataSource[] = [];

  const each = (prepare: typeof migrate) =>
    Promise.all(
      SCHEMAS.map(async (schema) => {
        open.push(await openDataSource(dataSourceOptions(postgres.url, schema), prepare));
      }),
    );

  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterAll(async () => {
    await Promise.all(open.map((dataSource) => dataSource.destroy()));
    await postgres.stop();
  });

  it('are those of all services that own one', () => {
    const owners = SERVICES.filter((service) => {
      const module = `apps/${service}/src/${service}.module.ts`;
      return existsSync(module) && readFileSync(module, 'utf8').includes('CibModule.forRoot');
    });
    expect(SCHEMAS.map(({ schema }) => schema).toSorted()).toEqual(owners.toSorted());
  });

  it('are migrated for all who wait, however many do so at once', async () => {
    await Promise.all([each(untilMigrated), each(migrate), each(untilMigrated), each(migrate)]);
    expect(open).toHaveLength(4 * SCHEMAS.length);
  }, 60_000);
});
