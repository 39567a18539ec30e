// SPDX-License-Identifier: Apache-2.0
import type {
  AssignmentsReply,
  Deployment,
  Events,
  EventsReply,
  MiddleboxesReply,
  StatusReply,
} from '@l45/contracts';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ANSWER, dig, Fleet, freshName, START_MS, Tap, WHO_ASKS } from './fleet/index.js';
import { waitFor } from './wait.js';

const run = promisify(execFile);
const { name: NAME } = WHO_ASKS;
/** Modules are loaded, and tshark is started, in seconds on an idle machine. */
const BUSY_MS = 150_000;
/** So that what is waited for in vain is told before Jest gives up. */
const TEST_MS = BUSY_MS + 30_000;

let fleet: Fleet;
let tap: Tap;

beforeAll(async () => {
  fleet = await Fleet.start();
  tap = await Tap.register(fleet, ['pcap', 'wireshark']);
}, START_MS);
afterAll(async () => {
  await tap?.stop();
  await fleet?.stop();
}, 60_000);

const ask = <T>(subject: string, payload: object): Promise<T> => fleet.stack.ask(subject, payload);

/** Until the deployment is as expected; says how it is instead. */
const progress = (what: string, holds: (deployment: Deployment) => boolean) =>
  waitFor(
    what,
    async () => {
      const { deployments } = await ask<StatusReply>('l45.deployer.status', { name: NAME });
      const [deployment] = deployments;
      if (deployment && holds(deployment)) return true;
      throw new Error(JSON.stringify(deployment?.hosts));
    },
    BUSY_MS,
  );

/** What the middlebox knows of an application by now. */
const seen = (application: string) =>
  waitFor(
    `the middlebox to see ${application}`,
    async () => {
      const { middleboxes } = await ask<MiddleboxesReply>('l45.middlebox.list', {
        middlebox: Tap.NAME,
      });
      return middleboxes[0]?.applications.find((one) => one.application === application);
    },
    BUSY_MS,
  );

/** Queries that are plain DNS in the capture, as the filter leaves it. */
async function filtered(): Promise<string[]> {
  const { stdout } = await run(
    'sh',
    ['-c', '"$0" "$1" <"$2"', ...tap.filter, fleet.testbed.capture.file],
    { encoding: 'buffer', maxBuffer: 1 << 26 },
  );
  const plain = join(fleet.stack.folder, 'plain.pcap');
  await writeFile(plain, stdout);
  const fields = ['-T', 'fields', '-e', 'dns.qry.name', '-Y', 'dns.flags.response == 0'];
  const env = { ...process.env, HOME: fleet.stack.folder };
  return (await run('tshark', ['-n', '-r', plain, ...fields], { env })).stdout.split('\n');
}

describe('while a middlebox cannot read along', () => {
  it(
    'no host speaks, and the request says whom it waits for',
    async () => {
      await ask('l45.deployer.deploy', { ...WHO_ASKS, wait: 0 });
      await progress('tap: its agent has never reported', ({ hosts }) =>
        hosts.every(({ reason }) => reason?.includes('tap: its agent has never reported')),
      );
      expect(await dig(fleet.hosts.client, freshName())).toBe(ANSWER);
      expect((await fleet.status('client')).instances).toMatchObject([
        { directions: ['ingress'], counters: { inserted: '0' } },
      ]);
    },
    TEST_MS,
  );
});

describe('with a middlebox between the hosts', () => {
  beforeAll(async () => {
    tap.start();
    await progress('the deployment', ({ state }) => state === 'deployed');
    await ask('l45.middlebox.allow', { deployment: NAME, applications: ['dig'] });
  }, TEST_MS);

  it(
    'it is told which application asks for which name',
    async () => {
      const { assignments } = await ask<AssignmentsReply>('l45.middlebox.assignments', {});
      expect(assignments).toMatchObject([{ middlebox: Tap.NAME, name: NAME, ready: true }]);
      const name = freshName();
      expect(await dig(fleet.hosts.client, name)).toBe(ANSWER);
      expect(await seen('dig')).toMatchObject({ source: '10.45.0.1', query: name });
    },
    TEST_MS,
  );

  it(
    'an application that is not allowed raises an event, which the monitor keeps',
    async () => {
      const { connection } = fleet.stack;
      const events = connection.subscribe('l45.events.middlebox.application', { max: 1 });
      await connection.flush();
      const { client } = fleet.hosts;
      await client.sh('cp "$(command -v dig)" /tmp/worm');
      const name = freshName();
      expect(await dig(client, name, { program: '/tmp/worm' })).toBe(ANSWER);
      for await (const message of events)
        expect(message.json<Events['middlebox.application']>()).toMatchObject({
          middlebox: Tap.NAME,
          name: NAME,
          application: 'worm',
          source: '10.45.0.1',
          query: name,
        });
      await waitFor('the monitor', async () => {
        const kept = await ask<EventsReply>('l45.monitor.events', { about: 'worm' });
        return kept.events.some(({ event }) => event === 'middlebox.application');
      });
    },
    TEST_MS,
  );

  it('any program reads plain DNS behind its filter', async () => {
    const name = freshName();
    expect(await dig(fleet.hosts.client, name)).toBe(ANSWER);
    await waitFor('the query in the capture', async () => (await filtered()).includes(name));
  });

  it('it has nothing left after the revocation', async () => {
    expect((await fleet.revoke(NAME)).body.state).toBe('revoked');
    await waitFor('the modules to go', () => {
      const left = [tap.plugin, ...tap.filter];
      return !left.some((path) => existsSync(path));
    });
  });
});
