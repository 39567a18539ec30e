// SPDX-License-Identifier: Apache-2.0
import { EVENT_STREAM, L45Error } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { EventReader, type StoredEvent } from './event-reader.js';
import { EventPublisher } from './events.js';
import {
  createTestService,
  eventually,
  type NatsServer,
  startNats,
  type TestService,
} from './testing/index.js';

let nats: NatsServer;
let service: TestService;
let stop: AbortController;

beforeAll(async () => {
  nats = await startNats();
  service = await createTestService({}, { url: nats.url, service: 'monitor' });
});
afterAll(async () => {
  stop.abort();
  await service.close();
  await nats.stop();
});

const publish = (host: string) =>
  service.app.get(EventPublisher).publish('monitor.host', { host, online: true });

/** The hosts of events, as readers that share a name get them. */
function read(refusals = 0): { hosts: string[]; reader: Promise<void> } {
  const hosts: string[] = [];
  const take = async (events: StoredEvent[]) => {
    if (events.some(({ payload }) => !payload)) throw new Error('it is about nothing');
    if (refusals-- > 0) throw new L45Error('UNAVAILABLE', 'the database is away');
    hosts.push(...events.map(({ payload }) => (payload as { host: string }).host));
  };
  return { hosts, reader: service.app.get(EventReader).read(take, stop.signal) };
}

/** Nothing is left, and nothing will be given again. */
const allAreTaken = () =>
  eventually(async () => {
    const { consumers } = await jetstreamManager(service.connection);
    const left = await consumers.info(EVENT_STREAM, 'monitor');
    expect(left).toMatchObject({ num_pending: 0, num_ack_pending: 0 });
  });

const until = (holds: () => boolean) => eventually(() => expect(holds()).toBe(true));

it('reads what happened before it came, and each event once, whoever reads', async () => {
  stop = new AbortController();
  await publish('early');
  const [one, other] = [read(), read()];
  await publish('late');
  const all = () => [...one.hosts, ...other.hosts].toSorted();
  await until(() => all().length >= 2);
  await allAreTaken();
  expect(all()).toEqual(['early', 'late']);
  stop.abort();
  await Promise.all([one.reader, other.reader]);
});

it('reads again what could not be taken', async () => {
  stop = new AbortController();
  const { hosts, reader } = read(1);
  await publish('unlucky');
  await until(() => hosts.includes('unlucky'));
  expect(hosts).toEqual(['unlucky']);
  stop.abort();
  await reader;
});

it('drops an event that cannot be taken, and no other', async () => {
  await publish('before');
  await service.app.get(EventPublisher).publish('deployer.deployment', null as never);
  await publish('after');
  stop = new AbortController();
  const { hosts, reader } = read();
  await allAreTaken();
  expect(hosts).toEqual(['before', 'after']);
  stop.abort();
  await reader;
});

it('goes on after the stream was lost', async () => {
  stop = new AbortController();
  const { hosts, reader } = read();
  const manager = await jetstreamManager(service.connection);
  await manager.streams.delete(EVENT_STREAM);
  await publish('again');
  await until(() => hosts.includes('again'));
  expect(hosts).toEqual(['again']);
  stop.abort();
  await reader;
});
