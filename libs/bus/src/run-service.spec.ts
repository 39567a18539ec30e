// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS } from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Bus } from './bus.decorator.js';
import { BusClient } from './client.js';
import {
  createTestService,
  eventually,
  freePort,
  type NatsServer,
  startNats,
} from './testing/index.js';

const MAIN = 'build/test/holding-service.mjs';
const { revoke } = ENDPOINTS.deployer;

@Controller()
class Replica {
  @Bus(revoke)
  revoke() {
    return { name: 'replica' } as never;
  }
}

// Starting Nest takes a second, on a busy machine several.
jest.setTimeout(60_000);

interface LogLine {
  level: string;
  msg: string;
}

/** A service as a process of its own. */
function startService(environment: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    /** Its first entry from now on that is like this. */
    async logs(pattern: RegExp): Promise<LogLine> {
      for (;;) {
        const { value, done } = await log.next();
        if (done) throw new Error(`it ended without logging ${pattern}`);
        const entry = JSON.parse(value) as LogLine;
        if (pattern.test(entry.msg)) return entry;
      }
    },
    async exitCode(): Promise<number | null> {
      if (child.exitCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

describe('runService', () => {
  let nats: NatsServer;
  let connection: NatsConnection;
  let client: BusClient;
  let service: ReturnType<typeof startService>;

  beforeAll(async () => {
    await build({
      entryPoints: [join(import.meta.dirname, 'testing/fixtures/holding-service.ts')],
      outfile: MAIN,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      alias: Object.fromEntries(
        ['bus', 'contracts', 'telemetry'].map((name) => [
          `@l45/${name}`,
          `./libs/${name}/src/index.ts`,
        ]),
      ),
    });
    nats = await startNats();
    connection = await connect({
      servers: nats.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    client = new BusClient(connection);
  });

  afterEach(() => void service.child.kill('SIGKILL'));

  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });

  const ready = async () => {
    service = startService({ NATS_URL: nats.url });
    await service.logs(/started/);
    return service;
  };

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'answers what it has taken when it gets %s, leaves the rest to replicas, and exits with 0',
    async (signal) => {
      const stopping = await ready();
      const held = connection.subscribe('test.held', { max: 1 })[Symbol.asyncIterator]();
      const shutdown = connection.subscribe('test.shutdown', { max: 1 })[Symbol.asyncIterator]();
      const taken = client.request(revoke, { name: 'held' });
      await held.next();

      const replica = await createTestService(
        { controllers: [Replica] },
        { url: nats.url, service: 'deployer' },
      );
      stopping.child.kill(signal);
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => client.request(revoke, { name: 'own' })),
      );
      expect(['own', 'replica']).toEqual(expect.arrayContaining(answers.map(({ name }) => name)));
      await replica.close();
      await eventually(() =>
        expect(client.request(revoke, { name: 'own' })).rejects.toThrow('nobody answers'),
      );
      expect(stopping.child.exitCode).toBeNull();

      connection.publish('test.release');
      expect(await taken).toEqual({ name: 'held' });
      expect(await shutdown.next()).toMatchObject({ done: false });
      expect(await stopping.exitCode()).toBe(0);
    },
  );

  it('waits for a server that is not up yet, and says so', async () => {
    await nats.kill();
    service = startService({ NATS_URL: nats.url });
    expect(await service.logs(/waiting/)).toMatchObject({
      level: 'warn',
      msg: `waiting for a NATS server at ${nats.url} (NATS_URL)`,
    });
    await nats.restart();
    await service.logs(/started/);
    // The client has lost its server as well.
    const answer = await eventually(() => client.request(revoke, { name: 'own' }));
    expect(answer).toEqual({ name: 'own' });
  });

  it('stops while it waits for a server', async () => {
    await nats.kill();
    service = startService({ NATS_URL: nats.url });
    await service.logs(/waiting/);
    service.child.kill('SIGTERM');
    expect(await service.exitCode()).toBe(0);
    await nats.restart();
  });

  it('answers again after the server was restarted', async () => {
    const restarted = await ready();
    await nats.kill();
    await nats.restart();
    await restarted.logs(/again/);
    const ask = () => client.request(revoke, { name: 'own' });
    expect(await eventually(ask)).toEqual({ name: 'own' });
    restarted.child.kill('SIGTERM');
    expect(await restarted.exitCode()).toBe(0);
  });

  it('is live without a server, and ready with one', async () => {
    const port = await freePort();
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    await nats.kill();
    service = startService({ NATS_URL: nats.url, HEALTH_LISTEN: `127.0.0.1:${port}` });
    await service.logs(/waiting/);
    expect([await status('/live'), await status('/ready')]).toEqual([200, 503]);
    await nats.restart();
    await service.logs(/started/);
    expect([await status('/live'), await status('/ready')]).toEqual([200, 200]);
    await nats.kill();
    await service.logs(/lost/);
    expect([await status('/live'), await status('/ready')]).toEqual([200, 503]);
    await nats.restart();
  });

  it('stops while the server is away', async () => {
    const lonely = await ready();
    await nats.kill();
    await lonely.logs(/lost/);
    lonely.child.kill('SIGTERM');
    expect(await lonely.exitCode()).toBe(0);
    await nats.restart();
  });

  it('refuses a wrong environment, naming every variable, and exits with 1', async () => {
    service = startService({ NATS_URL: 'nowhere', LOG_LEVEL: 'loud' });
    expect(await service.logs(/environment/)).toMatchObject({
      level: 'fatal',
      msg: expect.stringMatching(/NATS_URL.*\n.*LOG_LEVEL/),
    });
    expect(await service.exitCode()).toBe(1);
  });
});
