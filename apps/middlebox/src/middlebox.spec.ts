// SPDX-License-Identifier: Apache-2.0
import type { StateBucket } from '@l45/bus';
import {
  ENDPOINTS,
  type EndpointContract,
  type Events,
  eventSubject,
  type MiddleboxDesiredState,
  type Prepared,
} from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { ControlPlane, instance, LIMIT, TAG_DNS } from './testing/control-plane.js';

jest.setTimeout(60_000);

let control: ControlPlane;

const ask = <Request extends object, Reply>(
  contract: EndpointContract<Request, Reply>,
  request: Request,
): Promise<Reply> => control.middlebox.client.request(contract, request);

/** The first value of a key, from now on, for which the condition holds. */
async function value<T>(bucket: StateBucket<T>, key: string, holds: (value: T) => boolean) {
  let last: T | undefined;
  for await (const change of bucket.watch(key, AbortSignal.timeout(30_000))) {
    if (change.kind !== 'put') continue;
    last = change.value;
    if (holds(last)) return last;
  }
  throw new Error(`${key} is not so: ${JSON.stringify(last)}`);
}

const desired = (holds: (state: MiddleboxDesiredState) => boolean, name = 'tap') =>
  value(control.buckets.middleboxDesired, name, holds);

const prepared = (holds: (state: Prepared) => boolean, deployment = TAG_DNS) =>
  value(control.buckets.prepared, deployment, holds);

beforeAll(async () => {
  control = await ControlPlane.start();
});
afterAll(() => control.stop());

const server = instance({
  role: 'server',
  match: { local: { ports: ['53'] }, remote: { prefixes: ['10.45.0.0/24'] } },
  directions: ['ingress', 'egress'],
});

it('refuses a type that no customization has, and names those that there are', async () => {
  await expect(
    ask(ENDPOINTS.middlebox.register, { middlebox: 'tap', types: ['snort'] }),
  ).rejects.toMatchObject({
    name: 'UNKNOWN_INVERSE',
    message: 'no customization has inverse modules of type snort; known: pcap, wireshark',
  });
  expect(await ask(ENDPOINTS.middlebox.list, {})).toEqual({ middleboxes: [] });
});

it('refuses a middlebox that was never registered', async () => {
  for (const verb of ['unregister', 'list'] as const) {
    await expect(ask(ENDPOINTS.middlebox[verb], { middlebox: 'pat' })).rejects.toMatchObject({
      name: 'UNKNOWN_MIDDLEBOX',
      message: 'no middlebox is registered as pat; known: none',
    });
  }
});

it('says at once that a deployment is prepared while there is no middlebox', async () => {
  await control.host('client', [instance()]);
  await control.host('dns-server', [server]);
  expect(await prepared(({ ready }) => ready)).toEqual({
    deployment: TAG_DNS,
    ready: true,
    waiting: [],
  });
});

describe('with a middlebox that sees the flows', () => {
  beforeAll(async () => {
    const sees = { prefixes: ['10.45.0.0/24'] };
    const types = ['wireshark', 'pcap'];
    await ask(ENDPOINTS.middlebox.register, { middlebox: 'tap', types, sees });
  });

  it('assigns it the modules, with flows and parameters of both ends', async () => {
    const state = await desired(({ assignments }) => assignments.length === 1);
    expect(state).toMatchObject({
      middlebox: 'tap',
      types: ['pcap', 'wireshark'],
      modules: [
        { customization: 'dns_tag', type: 'pcap' },
        { customization: 'dns_tag', type: 'wireshark' },
      ],
      assignments: [
        {
          deployment: TAG_DNS,
          name: 'tag-dns',
          customization: 'dns_tag',
          params: { position: 'front' },
          ends: [{ role: 'client' }, { role: 'server', match: { local: { ports: ['53'] } } }],
        },
      ],
    });
  });

  it('is not prepared until the middlebox confirms, and says whom it waits for', async () => {
    const waiting = await prepared(({ ready }) => !ready);
    expect(waiting.waiting).toEqual([{ middlebox: 'tap', reason: 'its agent has never reported' }]);
    const problems = [{ subject: 'pcap', name: 'INTERNAL', message: 'libpcap is missing' }];
    await control.report({ problems });
    const failed = await prepared((state) => state.waiting[0]?.reason.startsWith('pcap') ?? false);
    expect(failed.waiting[0]?.reason).toBe('pcap: libpcap is missing');
    await control.report({ assignments: [TAG_DNS] });
    await prepared(({ ready }) => ready);
    const { assignments } = await ask(ENDPOINTS.middlebox.assignments, { deployment: 'tag-dns' });
    expect(assignments).toMatchObject([{ middlebox: 'tap', name: 'tag-dns', ready: true }]);
  });

  it('cannot read a chain, and says so', async () => {
    const chain = [
      { customization: 'dns_tag', params: {} },
      { customization: 'rate_limit', params: {} },
    ];
    const name = { customization: 'dns_tag+rate_limit', params: {} };
    await control.host('client', [instance({ ...name, chain })]);
    await control.host('dns-server', []);
    const waiting = await prepared(({ ready }) => !ready);
    expect(waiting.waiting).toEqual([
      {
        middlebox: 'tap',
        reason:
          'dns_tag+rate_limit is a chain, for which there are no inverse modules: deploy it where no middlebox sees it',
      },
    ]);
    // One that changes nothing needs none.
    const silent = { customization: 'rate_limit+rate_limit', params: {} };
    await control.host('client', [instance({ ...silent, chain: [] })]);
    await prepared(({ ready }) => ready);
    await control.host('client', [instance()]);
    await control.host('dns-server', [server]);
    await prepared(({ ready }) => ready);
  });

  it('holds both deployments of a rotation, and the new one alone after the drain', async () => {
    const next = '6f1c8a0e-0000-4000-8000-000000000003';
    await control.host('client', [instance(), instance({ deployment: next, priority: 99 })]);
    const both = await desired(({ assignments }) => assignments.length === 2);
    expect(both.assignments.map(({ deployment }) => deployment)).toEqual([next, TAG_DNS]);
    await control.host('client', [instance({ deployment: next, priority: 99 })]);
    await control.host('dns-server', []);
    control.deployments.delete(TAG_DNS);
    const after = await desired(({ assignments }) => assignments.length === 1);
    expect(after.assignments[0]?.deployment).toBe(next);
    control.deployments.set(TAG_DNS, 'tag-dns');
    await control.host('client', [instance()]);
    await control.host('dns-server', [server]);
    await desired(({ assignments }) => assignments[0]?.deployment === TAG_DNS);
  });

  it('needs nothing for a customization that changes no bytes', async () => {
    const limit = instance({ deployment: LIMIT, customization: 'rate_limit' });
    await control.host('client', [instance(), limit]);
    expect((await prepared(({ ready }) => ready, LIMIT)).waiting).toEqual([]);
    const state = await desired(({ assignments }) => assignments.length === 1);
    expect(state.assignments[0]?.deployment).toBe(TAG_DNS);
    await control.host('client', [instance()]);
  });

  it('leaves out a middlebox that sees other networks', async () => {
    await ask(ENDPOINTS.middlebox.register, {
      middlebox: 'elsewhere',
      types: ['pcap'],
      sees: { prefixes: ['192.0.2.0/24', 'fd46::/16'], ports: ['80-99'] },
    });
    const state = await desired(() => true, 'elsewhere');
    expect(state).toMatchObject({ assignments: [], modules: [] });
  });

  it('raises an event for an application that is not allowed, once', async () => {
    const events = control.middlebox.connection.subscribe(eventSubject('middlebox.application'));
    const iterator = events[Symbol.asyncIterator]();
    await control.middlebox.connection.flush();
    await ask(ENDPOINTS.middlebox.allow, { deployment: 'tag-dns', applications: ['dig'] });
    const seen = (application: string, source = '10.45.0.1') => ({
      deployment: TAG_DNS,
      application,
      source,
      count: 1,
      lastSeen: new Date(0).toISOString(),
    });
    const applications = [seen('dig'), seen('worm')];
    await control.report({ assignments: [TAG_DNS], applications });
    const told = async (): Promise<Events['middlebox.application']> => {
      const { value: message, done } = await iterator.next();
      if (done) throw new Error('no more events');
      return message.json();
    };
    expect(await told()).toMatchObject({
      middlebox: 'tap',
      name: 'tag-dns',
      application: 'worm',
      source: '10.45.0.1',
    });
    // The next one to be told is another one, not the same again.
    await control.report({
      assignments: [TAG_DNS],
      applications: [...applications, seen('worm', '10.45.0.9')],
    });
    expect(await told()).toMatchObject({ application: 'worm', source: '10.45.0.9' });
    const { middleboxes } = await ask(ENDPOINTS.middlebox.list, { middlebox: 'tap' });
    expect(middleboxes[0]?.applications.map(({ application }) => application)).toEqual([
      'dig',
      'worm',
      'worm',
    ]);
  });

  it('keeps what hosts were told when that is lost, until the deployer says that it is over', async () => {
    const manager = await jetstreamManager(control.connection, { checkAPI: false });
    await manager.streams.delete(`KV_${control.buckets.desired.name}`);
    const next = '6f1c8a0e-0000-4000-8000-000000000003';
    await control.host('another', [instance({ deployment: next, priority: 99 })]);
    const both = await desired(({ assignments }) => assignments[0]?.deployment === next);
    expect(both.assignments.map(({ deployment }) => deployment)).toEqual([next, TAG_DNS]);
    control.deployments.delete(TAG_DNS);
    await desired(({ assignments }) => assignments.length === 1);
    control.deployments.set(TAG_DNS, 'tag-dns');
    await control.host('another', []);
  });

  it('tells everything again after the bus was wiped', async () => {
    await control.nats.restart({ wipe: true });
    for (;;) {
      const told = await control.host('client', [instance()]).catch(() => false);
      if (told !== false) break;
    }
    const state = await desired(({ assignments }) => assignments.length === 1);
    expect(state.assignments[0]?.name).toBe('tag-dns');
  });

  it('takes everything back when the middlebox is unregistered', async () => {
    const { middleboxes } = await ask(ENDPOINTS.middlebox.unregister, { middlebox: 'tap' });
    expect(middleboxes.map(({ middlebox }) => middlebox)).toEqual(['elsewhere']);
    for await (const change of control.buckets.middleboxDesired.watch('tap')) {
      if (change.kind === 'deleted' || change.kind === 'current') break;
    }
    await prepared(({ ready }) => ready);
  });
});
