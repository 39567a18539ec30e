// SPDX-License-Identifier: Apache-2.0
import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { BusConfig } from './bus.config.js';
import { BUS_OPTIONS, type BusOptions, inboxPrefix, microName } from './bus.options.js';
import { BusClient } from './client.js';
import { loadConfig } from './config.js';
import { connect, disconnect, NATS } from './connection.js';
import { EventReader } from './event-reader.js';
import { EventPublisher } from './events.js';
import { BusServer } from './micro/server.js';
import { ArtifactStore } from './storage/artifact-store.js';
import { Buckets } from './storage/buckets.js';

const provided = [BusClient, EventPublisher, EventReader, Buckets, ArtifactStore, BusServer];

/** Connects a service to the bus; its connection is the last thing to be closed. */
@Global()
@Module({})
export class BusModule implements OnApplicationShutdown {
  constructor(@Inject(NATS) private readonly connection: NatsConnection) {}

  static forRoot(options: BusOptions): DynamicModule {
    return {
      module: BusModule,
      providers: [
        { provide: BUS_OPTIONS, useValue: options },
        { provide: BusConfig, useFactory: () => loadConfig(BusConfig) },
        { provide: NATS, inject: [BusConfig], useFactory: connectAs(options) },
        ...provided,
      ],
      exports: [NATS, BUS_OPTIONS, BusConfig, ...provided],
    };
  }

  onApplicationShutdown(): Promise<void> {
    return disconnect(this.connection);
  }
}

const connectAs = (options: BusOptions) => (config: BusConfig) =>
  connect(config, { name: microName(options.service), inboxPrefix: inboxPrefix(options) });
