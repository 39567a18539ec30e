// SPDX-License-Identifier: Apache-2.0
import { startNats } from '@l45/bus/testing';
import { startPostgres } from '@l45/cib/testing';
import { type ErrorBody, type ServiceName, SERVICES } from '@l45/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, temporaryFolder } from '../testbed/folder.js';
import { waitFor } from '../wait.js';
import { Identities } from './identities.js';
import { Service } from './service.js';

export interface StackOptions {
  /** Keep logs and data here, instead of in a folder that is removed. */
  folder?: string;
  /** Whether everybody needs an identity; whoever starts the stack is the operator. */
  identities?: boolean;
  /** What each service gets besides. */
  environment?: (service: ServiceName) => NodeJS.ProcessEnv;
}

/** What a raw NATS request was answered with. */
export interface Answer<T> {
  /** Of the header Nats-Service-Error-Code; 0 for success. */
  errorCode: number;
  body: T & Partial<ErrorBody>;
}

/** The control plane as a user has it: a real NATS server, a real Postgres, every service. */
export class Stack {
  private constructor(
    private readonly temporary: Folder | undefined,
    /** Where it keeps its data. */
    readonly folder: string,
    readonly logs: string,
    readonly nats: Awaited<ReturnType<typeof startNats>>,
    readonly postgres: Awaited<ReturnType<typeof startPostgres>>,
    readonly connection: NatsConnection,
    private readonly services: ReadonlyMap<ServiceName, Service>,
  ) {}

  static async start({ folder, identities, environment }: StackOptions = {}): Promise<Stack> {
    const temporary = folder ? undefined : await temporaryFolder();
    const path = folder ?? temporary?.path ?? '';
    const logs = join(path, 'logs');
    await mkdir(logs, { recursive: true });
    const issued = identities ? await Identities.create(join(path, 'identities')) : undefined;
    const [nats, postgres] = await Promise.all([
      startNats({ storeDir: join(path, 'nats'), config: issued?.serverConfig }),
      startPostgres({ dataDir: join(path, 'postgres') }),
    ]);
    const common = {
      NATS_URL: nats.url,
      DATABASE_URL: postgres.url,
      L45_MASTER_KEY_FILE: join(path, 'master.key'),
    };
    const services = new Map(
      SERVICES.filter((name) => name !== 'agent').map((name) => [
        name,
        new Service(
          name,
          { ...common, ...issued?.environment(name), ...environment?.(name) },
          logs,
        ),
      ]),
    );
    for (const service of services.values()) service.start();
    const connection = await connect({
      servers: nats.url,
      maxReconnectAttempts: -1,
      ...(await issued?.as('operator')),
    });
    const stack = new Stack(temporary, path, logs, nats, postgres, connection, services);
    await Promise.all([...services.keys()].map((name) => stack.registered(name)));
    return stack;
  }

  /** Exactly what `nats req <subject> '<payload>'` sends, and its answer. */
  async request<T = Record<string, unknown>>(
    subject: string,
    payload: object | string = '',
    timeout = 30_000,
  ): Promise<Answer<T>> {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const message = await this.connection.request(subject, text, { timeout });
    return {
      errorCode: Number(message.headers?.get('Nats-Service-Error-Code') || 0),
      body: message.json(),
    };
  }

  /** The answer to a request that must not be refused. */
  async ask<T>(subject: string, payload: object, timeout = 60_000): Promise<T> {
    const { body } = await this.request<T>(subject, payload, timeout);
    if (body.error) throw new Error(`${subject}: ${body.error.message}`);
    return body;
  }

  service(name: ServiceName): Service {
    const service = this.services.get(name);
    if (!service) throw new Error(`${name} is no service of the stack`);
    return service;
  }

  /** Resolves once a service answers to its name. */
  async registered(name: ServiceName): Promise<void> {
    await waitFor(`${name} to register; see ${this.logs}/${name}.log`, () =>
      this.connection.request(`$SRV.PING.l45-${name}`, '', { timeout: 500 }).catch(() => undefined),
    );
  }

  async stop(): Promise<void> {
    await this.connection.close();
    await Promise.all([...this.services.values()].map((service) => service.stop()));
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
    await this.temporary?.remove();
  }
}
