// SPDX-License-Identifier: Apache-2.0
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { ENDPOINTS, type ServiceName } from '@l45/contracts';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Service } from '../stack/index.js';
import { type Folder, temporaryFolder } from '../testbed/folder.js';
import { waitFor } from '../wait.js';
import { RealModules } from './real-modules.js';
import { INVERSE_TYPE, SimulatedBuilder } from './simulated-builder.js';
import { SimulatedHost } from './simulated-host.js';
import { SimulatedMiddlebox } from './simulated-middlebox.js';
import { Wire } from './wire.js';

/** Two deployers, to see that they don't get into each other's way. */
const REPLICAS: ServiceName[] = ['deployer', 'deployer', 'middlebox', 'monitor', 'security'];

/** A real NATS server, a real Postgres, services as they are shipped, and many simulated hosts. */
export class Cloud {
  readonly wire = new Wire();
  readonly services: Service[] = [];
  readonly hosts: SimulatedHost[];
  readonly middlebox: SimulatedMiddlebox;
  #builder?: TestService;

  private constructor(
    private readonly folder: Folder,
    readonly nats: NatsServer,
    readonly postgres: PostgresServer,
    /** Asks what users ask. */
    readonly user: TestService,
    count: number,
    private readonly real?: RealModules,
  ) {
    this.middlebox = new SimulatedMiddlebox(nats.url, join(folder.path, 'tap'), this.wire);
    this.hosts = Array.from({ length: count }, (_, i) => {
      const name = `host-${i}`;
      return new SimulatedHost(name, nats.url, join(folder.path, name), this.wire);
    });
  }

  /** @param real For virtual hosts that join the simulated ones. */
  static async start(count: number, real?: RealModules): Promise<Cloud> {
    const folder = await temporaryFolder();
    const [nats, postgres] = await Promise.all([
      startNats(),
      startPostgres({ dataDir: join(folder.path, 'postgres') }),
    ]);
    const user = await createTestService({}, { url: nats.url, service: 'builder' });
    const cloud = new Cloud(folder, nats, postgres, user, count, real);
    for (const [i, name] of REPLICAS.entries()) await cloud.#startService(name, String(i));
    await cloud.startBuilder();
    await cloud.middlebox.start();
    await Promise.all(cloud.hosts.map((host) => host.start()));
    await waitFor('the services', () =>
      user.client.request(ENDPOINTS.deployer.status, {}).catch(() => undefined),
    );
    await waitFor('the middlebox service', () =>
      user.client
        .request(ENDPOINTS.middlebox.register, {
          middlebox: cloud.middlebox.name,
          types: [INVERSE_TYPE],
        })
        .catch(() => undefined),
    );
    return cloud;
  }

  /** Whether every host has reported. */
  async isOnline(): Promise<boolean> {
    let found = 0;
    let after: string | undefined;
    do {
      const request = { limit: 500, after };
      const { hosts, next } = await this.user.client.request(ENDPOINTS.monitor.hosts, request);
      found += hosts.filter((host) => host.online).length;
      after = next;
    } while (after);
    return found >= this.hosts.length;
  }

  async startBuilder(): Promise<void> {
    this.#builder ??= await createTestService(
      {
        controllers: [SimulatedBuilder],
        providers: this.real ? [{ provide: RealModules, useValue: this.real }] : [],
      },
      { url: this.nats.url, service: 'builder' },
    );
  }

  /** Who waits for its answer gets none. */
  async killBuilder(): Promise<void> {
    const builder = this.#builder;
    this.#builder = undefined;
    await builder?.connection.close();
    await builder?.close();
  }

  async stop(): Promise<void> {
    await Promise.all([this.middlebox.stop(), ...this.hosts.map((host) => host.stop())]);
    await Promise.all(this.services.map((service) => service.stop()));
    await Promise.all([this.#builder?.close(), this.user.close()]);
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
    await this.folder.remove();
  }

  async #startService(name: ServiceName, replica: string): Promise<void> {
    const logs = join(this.folder.path, replica);
    await mkdir(logs);
    const service = new Service(
      name,
      {
        NATS_URL: this.nats.url,
        DATABASE_URL: this.postgres.url,
        L45_MASTER_KEY_FILE: join(this.folder.path, 'master.key'),
      },
      logs,
    );
    service.start();
    this.services.push(service);
  }
}
