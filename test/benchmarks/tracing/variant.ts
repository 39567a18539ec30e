// SPDX-License-Identifier: Apache-2.0
import { startNats } from '@l45/bus/testing';
import type { ServiceName } from '@l45/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../../stack/index.js';
import { waitFor } from '../../wait.js';

/** Of the kernel's clock that CPU time is told in; USER_HZ is 100 wherever Debian runs. */
const TICK_MS = 10;

export interface Measured {
  requests: number;
  seconds: number;
  /** Of the service, while it answered them. */
  cpuMs: number;
}

/** A service as it is shipped, with a NATS server of its own. */
export class Variant {
  private constructor(
    private readonly folder: string,
    private readonly service: Service,
    private readonly connection: NatsConnection,
    private readonly closeServer: () => Promise<void>,
  ) {}

  static async start(name: ServiceName, environment: NodeJS.ProcessEnv): Promise<Variant> {
    const folder = await mkdtemp(join(tmpdir(), 'l45-bench-'));
    const nats = await startNats();
    const service = new Service(name, { NATS_URL: nats.url, ...environment }, folder);
    service.start();
    const connection = await connect({ servers: nats.url });
    await waitFor(`${name}; see ${folder}`, () =>
      connection.request(`$SRV.PING.l45-${name}`, '', { timeout: 500 }).catch(() => undefined),
    );
    return new Variant(folder, service, connection, () => nats.stop());
  }

  /** Asks for so long, so many at once. */
  async measure(subject: string, seconds: number, concurrency: number): Promise<Measured> {
    const cpu = await this.cpuMs();
    const started = performance.now();
    const end = started + seconds * 1_000;
    let requests = 0;
    const client = async () => {
      while (performance.now() < end) {
        const answer = await this.connection.request(subject, '{}', { timeout: 60_000 });
        if (answer.headers?.has('Nats-Service-Error')) throw new Error(answer.string());
        requests++;
      }
    };
    await Promise.all(Array.from({ length: concurrency }, client));
    const took = (performance.now() - started) / 1_000;
    return { requests, seconds: took, cpuMs: (await this.cpuMs()) - cpu };
  }

  async stop(): Promise<void> {
    await this.connection.close();
    await this.service.stop();
    await this.closeServer();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async cpuMs(): Promise<number> {
    const stat = await readFile(`/proc/${this.service.pid}/stat`, 'utf8');
    const [user = 0, system = 0] = stat
      .slice(stat.lastIndexOf(')'))
      .split(' ')
      .slice(12, 14)
      .map(Number);
    return (user + system) * TICK_MS;
  }
}
