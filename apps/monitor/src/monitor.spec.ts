// SPDX-License-Identifier: Apache-2.0
import { Buckets } from '@l45/bus';
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { CibConfig } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import {
  ENDPOINTS,
  eventSubject,
  type Events,
  type HostsReply,
  OFFLINE_AFTER_MS,
  type ObservedState,
} from '@l45/contracts';
import type { Subscription } from '@nats-io/transport-node';
import { DataSource } from 'typeorm';
import { MonitorModule } from './monitor.module.js';

jest.setTimeout(60_000);

let nats: NatsServer;
let postgres: PostgresServer;
let monitors: TestService[];
let events: AsyncIterator<Events['monitor.host']>;

const report = (host: string): ObservedState => ({
  host,
  target: { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' },
  bootId: 'boot',
  agentVersion: '0.1.0',
  desiredRevision: 3,
  customizations: [],
  instances: [],
  problems: [],
  at: new Date().toISOString(),
});

const startMonitor = () =>
  createTestService(
    { imports: [MonitorModule] },
    {
      url: nats.url,
      customize: (builder) =>
        builder.overrideProvider(CibConfig).useValue({ DATABASE_URL: postgres.url }),
    },
  );

async function* payloads(subscription: Subscription): AsyncGenerator<Events['monitor.host']> {
  for await (const message of subscription) yield message.json<Events['monitor.host']>();
}

const first = (): TestService => {
  const [monitor] = monitors;
  if (!monitor) throw new Error('no monitor');
  return monitor;
};

const ask = (host?: string): Promise<HostsReply> =>
  first().client.request(ENDPOINTS.monitor.hosts, { host });

async function eventOf(host: string): Promise<Events['monitor.host']> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error('no more events');
    if (value.host === host) return value;
  }
}

const put = (host: string) => first().app.get(Buckets).observed.put(host, report(host));

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  monitors = await Promise.all([startMonitor(), startMonitor()]);
  const subscription = first().connection.subscribe(eventSubject('monitor.host'));
  events = payloads(subscription);
  await first().connection.flush();
});
afterAll(async () => {
  await Promise.all(monitors.map((monitor) => monitor.close()));
  await Promise.all([nats.stop(), postgres.stop()]);
});

it('announces a host that reports, once however many monitors there are, and knows it', async () => {
  await put('client');
  await put('dns-server');
  expect([await eventOf('client'), await eventOf('dns-server')]).toEqual([
    { host: 'client', online: true },
    { host: 'dns-server', online: true },
  ]);
  expect((await ask()).hosts.map(({ host, online }) => [host, online])).toEqual([
    ['client', true],
    ['dns-server', true],
  ]);
  expect(await ask('client')).toMatchObject({
    hosts: [{ host: 'client', desiredRevision: 3, agentVersion: '0.1.0', problems: [] }],
  });
});

it('announces a host that has been silent for too long, and its return', async () => {
  await first()
    .app.get(DataSource)
    .query(`UPDATE monitor.host SET "lastSeen" = $1 WHERE name = 'client'`, [
      new Date(Date.now() - OFFLINE_AFTER_MS - 1),
    ]);
  expect(await eventOf('client')).toEqual({ host: 'client', online: false });
  expect((await ask('client')).hosts[0]?.online).toBe(false);
  await put('client');
  expect(await eventOf('client')).toEqual({ host: 'client', online: true });
});

it('refuses a host that never reported, and names those that did', async () => {
  await expect(ask('clinet')).rejects.toMatchObject({
    name: 'UNKNOWN_HOST',
    message: 'no agent has ever reported as clinet; known: client, dns-server',
  });
});

it('goes on after Postgres and NATS were restarted', async () => {
  await Promise.all([postgres.restart(), nats.restart({ wipe: true })]);
  for (;;) {
    const stored = await put('late').catch(() => undefined);
    if (stored) break;
  }
  expect(await eventOf('late')).toEqual({ host: 'late', online: true });
});
