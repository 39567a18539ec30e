// SPDX-License-Identifier: Apache-2.0
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { ARTIFACT_BUCKET, DESIRED_BUCKET, ENDPOINTS } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { Service } from '../stack/index.js';
import { type Folder, temporaryFolder } from '../testbed/folder.js';
import { waitFor } from '../wait.js';
import type { Random } from './random.js';
import { SigningBuilder } from './signing-builder.js';
import { SimulatedHost } from './simulated-host.js';

const DEPLOYERS = 2;

/** A real NATS server, a real Postgres, deployers as they are shipped, and many simulated hosts. */
export class Cloud {
  private constructor(
    private readonly folder: Folder,
    readonly nats: NatsServer,
    readonly postgres: PostgresServer,
    readonly builder: TestService,
    readonly deployers: Service[],
    readonly hosts: SimulatedHost[],
  ) {}

  static async start(count: number): Promise<Cloud> {
    const folder = await temporaryFolder();
    const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    const builder = await createTestService(
      { controllers: [SigningBuilder] },
      { url: nats.url, service: 'builder' },
    );
    const environment = { NATS_URL: nats.url, DATABASE_URL: postgres.url };
    const deployers = [];
    for (let i = 0; i < DEPLOYERS; i++) {
      const logs = join(folder.path, `deployer-${i}`);
      await mkdir(logs);
      deployers.push(new Service('deployer', environment, logs));
    }
    for (const deployer of deployers) deployer.start();
    const hosts = Array.from({ length: count }, (_, i) => {
      const name = `host-${i}`;
      return new SimulatedHost(name, nats.url, join(folder.path, name));
    });
    const cloud = new Cloud(folder, nats, postgres, builder, deployers, hosts);
    await Promise.all(hosts.map((host) => host.start()));
    await waitFor('the deployers', () =>
      builder.client.request(ENDPOINTS.deployer.status, {}).catch(() => undefined),
    );
    return cloud;
  }

  /** One thing that goes wrong, and is repaired. */
  async disturb(random: Random): Promise<string> {
    const host = random.pick(this.hosts);
    const deployer = random.pick(this.deployers);
    const accidents: Record<string, () => Promise<unknown>> = {
      'kill a deployer': async () => {
        await deployer.stop('SIGKILL');
        deployer.start();
      },
      'kill nats-server': async () => {
        await this.nats.kill();
        await this.nats.restart();
      },
      'kill a backend of Postgres': () => this.#crashPostgres(),
      'wipe the desired states': () => this.#wipe(`KV_${DESIRED_BUCKET}`),
      'wipe the artifacts': () => this.#wipe(`OBJ_${ARTIFACT_BUCKET}`),
      'restart an agent': async () => {
        await host.stop();
        await host.start();
      },
      'reset a host': () => host.reset(),
    };
    const what = random.pick(Object.keys(accidents));
    await accidents[what]?.();
    return what;
  }

  async stop(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.stop()));
    await Promise.all(this.deployers.map((deployer) => deployer.stop()));
    await this.builder.close();
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
    await this.folder.remove();
  }

  /** When one of its processes is killed, the server drops every connection, and recovers from its log. */
  async #crashPostgres(): Promise<void> {
    const client = await waitFor('Postgres', () => this.#connect());
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const gone = new Promise((resolve) => client.once('end', resolve));
    process.kill(rows[0]?.pid ?? 0, 'SIGKILL');
    await gone;
  }

  async #connect(): Promise<Client> {
    const client = new Client(this.postgres.url);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Unless the server is away, and cannot be asked. */
  async #wipe(stream: string): Promise<void> {
    const { connection } = this.builder;
    const manager = await jetstreamManager(connection, { checkAPI: false });
    await manager.streams.delete(stream).catch(() => undefined);
  }
}
