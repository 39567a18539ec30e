// SPDX-License-Identifier: Apache-2.0
import { JsonLogger } from '@l45/telemetry';
import type { INestMicroservice, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModuleBuilder } from '@nestjs/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import { BusConfig } from '../bus.config.js';
import { BusModule } from '../bus.module.js';
import type { BusOptions } from '../bus.options.js';
import { BusClient } from '../client.js';
import { NATS } from '../connection.js';
import { BusServer } from '../micro/server.js';

export interface TestServiceOptions extends Partial<BusOptions> {
  /** Of the NATS server. */
  url: string;
  /** File with the credentials of a user. */
  creds?: string;
  /** Replaces providers, for one. */
  customize?: (builder: TestingModuleBuilder) => TestingModuleBuilder;
}

/** A service that answers, and a client to ask it. */
export interface TestService {
  app: INestMicroservice;
  connection: NatsConnection;
  client: BusClient;
  close(): Promise<void>;
}

/**
 * Runs a module's controllers on a real NATS server. A module that imports `BusModule` itself
 * keeps its options; for others `service`, `description` and `host` are given here.
 */
export async function createTestService(
  metadata: ModuleMetadata,
  { url, creds, customize = (builder) => builder, ...bus }: TestServiceOptions,
): Promise<TestService> {
  const { service, description = 'under test', host } = bus;
  const imports = [...(metadata.imports ?? [])];
  if (service) imports.unshift(BusModule.forRoot({ service, description, host }));
  const config: BusConfig = { NATS_URL: url, NATS_CREDS: creds, LOG_LEVEL: 'silent' };
  const builder = Test.createTestingModule({ ...metadata, imports })
    .overrideProvider(BusConfig)
    .useValue(config);
  const module = await customize(builder)
    .setLogger(new JsonLogger({ service: 'test', level: 'silent' }))
    .compile();
  const app = module.createNestMicroservice({ strategy: module.get(BusServer) });
  await app.listen();
  return {
    app,
    connection: app.get(NATS),
    client: app.get(BusClient),
    close: () => app.close(),
  };
}
