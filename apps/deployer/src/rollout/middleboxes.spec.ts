// SPDX-License-Identifier: Apache-2.0
import { Buckets } from '@l45/bus';
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { eventually } from '../testing/control-plane.js';
import { Middleboxes } from './middleboxes.js';

jest.setTimeout(60_000);

const DEPLOYMENT = '6f1c8a0e-0000-4000-8000-000000000001';
const NOTHING = { types: ['pcap'], modules: [], assignments: [] };

let nats: NatsServer;
let service: TestService;
let buckets: Buckets;
let middleboxes: Middleboxes;

/** What the database has. */
const names = new Set<string>();
const repository = {
  change: async ({ added, removed }: { added: string[]; removed: string[] }) => {
    for (const name of added) names.add(name);
    for (const name of removed) names.delete(name);
    return [...names];
  },
};

function follow(): void {
  middleboxes = new Middleboxes(buckets, repository, () => undefined);
  middleboxes.follow();
}

beforeAll(async () => {
  nats = await startNats();
  service = await createTestService({}, { url: nats.url, service: 'deployer' });
  buckets = service.app.get(Buckets);
  follow();
});
afterAll(async () => {
  await middleboxes.stop();
  await service.close();
  await nats.stop();
});

const answers = (expected: string | undefined) =>
  eventually(
    () => middleboxes.unreadBy(DEPLOYMENT),
    (answer) => expect(answer).toBe(expected),
  );

it('keeps nobody waiting while no middlebox is registered', async () => {
  await eventually(
    () => middleboxes.known,
    (known) => expect(known).toBe(true),
  );
  expect(middleboxes.unreadBy(DEPLOYMENT)).toBeUndefined();
});

it('waits for the middlebox service, then for the middlebox, and then no longer', async () => {
  await buckets.middleboxDesired.put('tap-1', { middlebox: 'tap-1', revision: 1, ...NOTHING });
  await answers('the middlebox service has not answered yet');
  const waiting = [{ middlebox: 'tap-1', reason: 'its agent has never reported' }];
  await buckets.prepared.put(DEPLOYMENT, { deployment: DEPLOYMENT, ready: false, waiting });
  await answers('tap-1: its agent has never reported');
  await buckets.prepared.put(DEPLOYMENT, { deployment: DEPLOYMENT, ready: true, waiting: [] });
  await answers(undefined);
  expect(middleboxes.known).toBe(true);
});

it('does not take a store that is lost for a network without middleboxes', async () => {
  const manager = await jetstreamManager(service.connection, { checkAPI: false });
  for (const { name } of [buckets.middleboxDesired, buckets.prepared]) {
    await manager.streams.delete(`KV_${name}`);
  }
  await answers('the middlebox service has not answered yet');
  await middleboxes.stop();
  follow();
  await answers('the middlebox service has not answered yet');
  await buckets.middleboxDesired.put('tap-1', { middlebox: 'tap-1', revision: 1, ...NOTHING });
  await buckets.middleboxDesired.delete('tap-1');
  await answers(undefined);
  expect(middleboxes.known).toBe(true);
});
