// SPDX-License-Identifier: Apache-2.0
import { Buckets, EventPublisher } from '@l45/bus';
import {
  createTestService,
  eventually,
  type NatsServer,
  startNats,
  type TestService,
} from '@l45/bus/testing';
import { CibConfig } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import {
  agentSubject,
  type Counters,
  type Deployment,
  ENDPOINTS,
  eventSubject,
  type Events,
  type EventsRequest,
  type FlowsRequest,
  type HostsReply,
  type InstanceReport,
  type InstancesRequest,
  OFFLINE_AFTER_MS,
  type ObservedInstance,
  type ObservedState,
  type SamplesRequest,
} from '@l45/contracts';
import type { Subscription } from '@nats-io/transport-node';
import { DataSource } from 'typeorm';
import { MonitorConfig } from './monitor.config.js';
import { MonitorModule } from './monitor.module.js';
import { Retention } from './reports/retention.service.js';
import { EventsRepository } from './storage/events.repository.js';

jest.setTimeout(60_000);

let nats: NatsServer;
let postgres: PostgresServer;
let monitors: TestService[];
let events: AsyncIterator<Events['monitor.host']>;

const DEPLOYMENT = '161ff811-b701-477f-b325-8f36f790cbf1';
const INSTANCE = '6f1c8a0e-0000-4000-8000-000000000001';
const COUNTERS: Counters = {
  egressMessages: '0',
  egressBytesIn: '0',
  egressBytesOut: '0',
  ingressMessages: '0',
  ingressBytesIn: '0',
  ingressBytesOut: '0',
  inserted: '0',
  removed: '0',
  passed: '0',
  dropped: '0',
  errors: '0',
  observed: '0',
  attached: '0',
};
const instance = (changes: Partial<ObservedInstance> = {}): ObservedInstance => ({
  id: INSTANCE,
  deployment: DEPLOYMENT,
  customization: 'dns_tag',
  role: 'client',
  priority: 100,
  mode: 'active',
  directions: ['ingress', 'egress'],
  deprecated: false,
  sockets: 1,
  lastUsed: '0',
  counters: COUNTERS,
  ...changes,
});

const report = (host: string, changes: Partial<ObservedState> = {}): ObservedState => ({
  host,
  target: { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' },
  bootId: 'boot',
  agentVersion: '0.1.0',
  desiredRevision: 3,
  customizations: [],
  instances: [],
  problems: [],
  bootedAt: '2026-11-22T00:00:00.000Z',
  at: new Date().toISOString(),
  ...changes,
});

const startMonitor = () =>
  createTestService(
    { imports: [MonitorModule] },
    {
      url: nats.url,
      customize: (builder) =>
        builder
          .overrideProvider(CibConfig)
          .useValue({ DATABASE_URL: postgres.url })
          .overrideProvider(MonitorConfig)
          .useValue({ L45_SAMPLE_SECONDS: 1, L45_RETENTION_DAYS: 1, L45_DRIFT_SECONDS: 0 }),
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

const hosts = (host?: string): Promise<HostsReply> =>
  first().client.request(ENDPOINTS.monitor.hosts, { host });

async function eventOf(host: string): Promise<Events['monitor.host']> {
  for (;;) {
    const { value, done } = await events.next();
    if (done) throw new Error('no more events');
    if (value.host === host) return value;
  }
}

const put = (host: string, changes?: Partial<ObservedState>) =>
  first().app.get(Buckets).observed.put(host, report(host, changes));

const sql = (text: string, parameters: unknown[] = []) =>
  first().app.get(DataSource).query(text, parameters);

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
  expect((await hosts()).hosts.map(({ host, online }) => [host, online])).toEqual([
    ['client', true],
    ['dns-server', true],
  ]);
  expect(await hosts('client')).toMatchObject({
    hosts: [{ host: 'client', desiredRevision: 3, agentVersion: '0.1.0', problems: [] }],
  });
});

it('announces a host that has been silent for too long, and its return', async () => {
  await sql(`UPDATE monitor.host SET "lastSeen" = $1 WHERE name = 'client'`, [
    new Date(Date.now() - OFFLINE_AFTER_MS - 1),
  ]);
  expect(await eventOf('client')).toEqual({ host: 'client', online: false });
  expect((await hosts('client')).hosts[0]?.online).toBe(false);
  await put('client');
  expect(await eventOf('client')).toEqual({ host: 'client', online: true });
});

it('refuses a host that never reported, and names those that did', async () => {
  await expect(hosts('clinet')).rejects.toMatchObject({
    name: 'UNKNOWN_HOST',
    message: 'no agent has ever reported as clinet; known: client, dns-server',
  });
});

it('answers with as many hosts as asked for, and says from where to go on', async () => {
  const { hosts: page, next } = await first().client.request(ENDPOINTS.monitor.hosts, { limit: 1 });
  expect([page.map(({ host }) => host), next]).toEqual([['client'], 'client']);
  const rest = await first().client.request(ENDPOINTS.monitor.hosts, { limit: 1, after: next });
  expect(rest).toMatchObject({ hosts: [{ host: 'dns-server' }] });
  expect(rest.next).toBeUndefined();
});

describe('an instance', () => {
  const instances = async (request: InstancesRequest = {}): Promise<InstanceReport[]> =>
    (await first().client.request(ENDPOINTS.monitor.instances, request)).instances;
  const becomes = (expected: object) =>
    eventually(async () => expect(await instances({ host: 'client' })).toMatchObject([expected]));
  const counting = (egressMessages: string): Partial<ObservedState> => ({
    instances: [instance({ lastUsed: '3600000000000', counters: { ...COUNTERS, egressMessages } })],
  });

  it('is reported with sockets, last use, counters, and the name of its deployment', async () => {
    await put('client', counting('1'));
    await first()
      .app.get(EventPublisher)
      .publish('deployer.deployment', { id: DEPLOYMENT, name: 'tag-dns' } as Deployment);
    await becomes({
      instance: INSTANCE,
      deployment: DEPLOYMENT,
      name: 'tag-dns',
      state: 'installed',
      sockets: 1,
      lastUsed: '2026-11-22T01:00:00.000Z',
      counters: { egressMessages: '1' },
    });
    for (const deployment of ['tag-dns', DEPLOYMENT])
      expect(await instances({ deployment, state: 'installed' })).toHaveLength(1);
    expect(await instances({ deployment: 'another' })).toEqual([]);
  });

  it('has a history of what it counted', async () => {
    const samples = async (request: SamplesRequest = { deployment: 'tag-dns' }) =>
      (await first().client.request(ENDPOINTS.monitor.history, request)).samples;
    const counts = async () => (await samples()).map(({ counters }) => counters.egressMessages);
    await eventually(async () => {
      await put('client', counting('2'));
      expect(await counts()).toEqual(['2', '1']);
    });
    // What counts nothing is not sampled again.
    await eventually(async () => {
      await put('client', { ...counting('2'), desiredRevision: 4 });
      const [row] = await sql(`SELECT now() - "sampledAt" > '1 s' AS due FROM monitor.instance`);
      expect(row).toEqual({ due: true });
    });
    expect(await counts()).toEqual(['2', '1']);
    const [latest] = await samples();
    expect(await samples({ until: latest?.at })).toHaveLength(1);
    expect(await samples({ since: latest?.at })).toHaveLength(1);
    expect(await samples({ host: 'dns-server' })).toEqual([]);
  });

  it('is deprecated, revoked, and installed anew', async () => {
    await put('client', { instances: [instance({ deprecated: true })] });
    await becomes({ state: 'deprecated', deprecatedAt: expect.any(String) });
    await put('client');
    await becomes({ state: 'revoked', sockets: 0, revokedAt: expect.any(String) });
    const [gone] = await instances({ state: 'revoked' });
    await put('client', { instances: [instance()] });
    await becomes({ state: 'installed' });
    const [back] = await instances();
    expect(back).not.toHaveProperty('revokedAt');
    expect(back?.installedAt).not.toBe(gone?.installedAt);
  });

  it('is forgotten some time after it is gone, as are samples and events', async () => {
    await put('client');
    await becomes({ state: 'revoked' });
    for (const [table, column] of [
      ['instance', '"revokedAt"'],
      ['sample', 'at'],
      ['event', 'at'],
      ['deployment', 'at'],
    ])
      await sql(`UPDATE monitor.${table} SET ${column} = ${column} - interval '1 day 1 hour'`);
    const old = () => sql(`SELECT * FROM monitor.event WHERE at < now() - interval '1 day'`);
    expect(await old()).not.toEqual([]);
    await first().app.get(Retention).prune();
    expect(await old()).toEqual([]);
    for (const table of ['instance', 'sample', 'deployment'])
      expect(await sql(`SELECT * FROM monitor.${table}`)).toEqual([]);
    expect(await first().client.request(ENDPOINTS.monitor.history, {})).toEqual({ samples: [] });
  });
});

describe('flows', () => {
  const flow = {
    cookie: '1',
    protocol: 'udp',
    local: { address: '10.45.0.1', port: 40_000 },
    remote: { address: '10.45.0.2', port: 53 },
    application: 'dig',
    pid: 1,
    uid: 0,
    instances: [INSTANCE],
  };
  const flowsOf = (request: FlowsRequest) =>
    first().client.request(ENDPOINTS.monitor.flows, request);
  const asked: object[] = [];

  beforeAll(() => {
    first().connection.subscribe(agentSubject(ENDPOINTS.agent.flows, 'client'), {
      callback: (_, message) => {
        asked.push(message.json());
        message.respond(JSON.stringify({ flows: [flow], total: 3 }));
      },
    });
  });

  it('are asked of the hosts that have sockets, and no others', async () => {
    await put('dns-server', { instances: [instance({ sockets: 0 })] });
    await put('client', { instances: [instance()] });
    await eventually(async () =>
      expect(await flowsOf({ deployment: DEPLOYMENT, application: 'dig', limit: 1 })).toEqual({
        flows: [{ host: 'client', ...flow, deployments: [DEPLOYMENT] }],
        total: 3,
        unanswered: [],
      }),
    );
    expect(asked.at(-1)).toEqual({ instances: [INSTANCE], application: 'dig', limit: 1 });
    expect(await flowsOf({ deployment: 'another' })).toEqual({
      flows: [],
      total: 0,
      unanswered: [],
    });
  });

  it('of a host that does not answer are missing, and it is named', async () => {
    await put('dns-server', { instances: [instance()] });
    await eventually(async () =>
      expect((await flowsOf({})).unanswered).toEqual([
        { host: 'dns-server', reason: expect.stringContaining('nobody answers') },
      ]),
    );
    await expect(flowsOf({ host: 'clinet' })).rejects.toMatchObject({ name: 'UNKNOWN_HOST' });
    await put('dns-server');
  });
});

describe('drift', () => {
  const drift = () => first().client.request(ENDPOINTS.monitor.drift, { host: 'client' });
  const told = async (request: EventsRequest) =>
    (await first().client.request(ENDPOINTS.monitor.events, request)).events;

  it('is told with its reason, as answer and as event, however many monitors there are', async () => {
    await first().app.get(Buckets).desired.put('client', {
      host: 'client',
      revision: 3,
      artifacts: [],
      instances: [],
    });
    await eventually(async () =>
      expect(await drift()).toMatchObject({
        hosts: [
          { host: 'client', online: true, reasons: [{ kind: 'unwanted', subject: INSTANCE }] },
        ],
      }),
    );
    await eventually(async () =>
      expect(await told({ events: ['monitor.drift'], about: 'client' })).toMatchObject([
        { event: 'monitor.drift', payload: { drifted: true, reasons: [{ kind: 'unwanted' }] } },
      ]),
    );
  });

  it('ends, which is an event too', async () => {
    await put('client');
    await eventually(async () => expect(await drift()).toEqual({ hosts: [] }));
    await eventually(async () =>
      expect(await told({ events: ['monitor.drift'] })).toMatchObject([
        { payload: { host: 'client', drifted: false, reasons: [] } },
        { payload: { host: 'client', drifted: true } },
      ]),
    );
    const all = await told({ events: ['monitor.*'], about: 'client' });
    expect(new Set(all.map(({ event }) => event))).toContain('monitor.drift');
    expect(await told({ events: ['security.*'] })).toEqual([]);
    expect(await told({ until: all.at(-1)?.at, about: 'client' })).toEqual([]);
  });

  it('of an unknown host is refused', async () => {
    await expect(
      first().client.request(ENDPOINTS.monitor.drift, { host: 'clinet' }),
    ).rejects.toMatchObject({ name: 'UNKNOWN_HOST' });
  });
});

it('keeps events though others cannot be kept', async () => {
  const publisher = first().app.get(EventPublisher);
  for (const odd of [null, { name: 'no-id' }, { id: DEPLOYMENT, name: '\0' }])
    await publisher.publish('deployer.deployment', odd as Deployment);
  await publisher.publish('deployer.deployment', { id: DEPLOYMENT, name: 'after' } as Deployment);
  await eventually(async () =>
    expect(
      await first().client.request(ENDPOINTS.monitor.events, { about: 'after' }),
    ).toMatchObject({
      events: [{ payload: { name: 'after' } }],
    }),
  );
});

it('tells all that happened at one moment on one page, for the next one begins before it', async () => {
  const at = new Date(Date.now() - 60_000);
  const event = (sequence: number) => ({
    at: new Date(at.getTime() + (sequence === 7 ? 1 : 0)),
    sequence,
    event: 'monitor.host' as const,
    about: ['moment'],
    payload: { sequence },
  });
  await first().app.get(EventsRepository).store([5, 6, 7].map(event), []);
  const page = async (until?: string) => {
    const request = { about: 'moment', limit: 1, until };
    return (await first().client.request(ENDPOINTS.monitor.events, request)).events;
  };
  const [newest] = await page();
  expect(newest?.payload).toEqual({ sequence: 7 });
  const rest = await page(newest?.at);
  expect(rest.map(({ payload }) => payload)).toEqual([{ sequence: 6 }, { sequence: 5 }]);
  expect(await page(rest.at(-1)?.at)).toEqual([]);
});

describe('a host that reports what makes no sense', () => {
  const odd = (changes: object) => put('odd', changes as Partial<ObservedState>);

  it.each([
    ['an instance without a proper identifier', { instances: [instance({ id: 'none' })] }],
    ['more sockets than there can be', { instances: [instance({ sockets: 3e9 })] }],
    ['no instances', { instances: undefined }],
    ['text that cannot be stored', { problems: [{ subject: '', name: '', message: '\0' }] }],
  ])('as %s keeps none of the others from being known', async (_, changes) => {
    const seen = async () => (await hosts('client')).hosts[0]?.desiredRevision;
    const revision = ((await seen()) ?? 0) + 1;
    const desired = { host: 'odd', revision, artifacts: [], instances: [] };
    await first().app.get(Buckets).desired.put('odd', desired);
    await Promise.all([odd(changes), put('client', { desiredRevision: revision })]);
    await eventually(async () => expect(await seen()).toBe(revision));
    await expect(hosts('odd')).rejects.toMatchObject({ name: 'UNKNOWN_HOST' });
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
