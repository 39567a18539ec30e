// SPDX-License-Identifier: Apache-2.0
import { dataSourceOptions, openDataSource } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { createUser } from '@nats-io/nkeys';
import type { DataSource } from 'typeorm';
import { SECURITY_SCHEMA } from '../storage/schema.js';
import { Enrolments, type Newcomer } from './enrolments.js';
import { KubernetesGateway } from './kubernetes.gateway.js';
import { IdentitiesConfig } from './identities.config.js';

describe('whom Kubernetes vouches for', () => {
  let postgres: PostgresServer;
  let dataSource: DataSource;
  const enrolments = new Enrolments(new KubernetesGateway(new IdentitiesConfig()));

  const admit = (newcomer: Newcomer) =>
    enrolments.admit(dataSource.manager, newcomer, {
      token: '',
      publicKey: createUser().getPublicKey(),
    });

  beforeAll(async () => {
    postgres = await startPostgres();
    dataSource = await openDataSource(dataSourceOptions(postgres.url, SECURITY_SCHEMA));
  }, 60_000);
  afterAll(async () => {
    await dataSource?.destroy();
    await postgres?.stop();
  });

  it('gets another identity with another key: a pod keeps none', async () => {
    const tap: Newcomer = { role: 'middlebox', host: 'tap-1' };
    expect(await admit(tap)).toMatchObject({ isNew: true, hasRevoked: false });
    expect(await admit(tap)).toMatchObject({ isNew: true, hasRevoked: true });
  });

  it('takes the name of nobody in another role', async () => {
    await admit({ role: 'host', host: 'node-1', node: 'node-1.example.org' });
    await expect(admit({ role: 'middlebox', host: 'node-1' })).rejects.toThrow(
      'node-1 is the name of a host, not of a middlebox',
    );
  });
});
