// SPDX-License-Identifier: Apache-2.0
import type { Deployment, HostsReply } from '@l45/contracts';
import { ANSWER, dig, Fleet, freshName, TAG_DNS, wireMessages, START_MS } from './fleet/index.js';
import { waitFor } from './wait.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
}, START_MS);
afterEach(() => fleet.clear(), 120_000);
afterAll(() => fleet.stop(), 60_000);

async function expectTagged(): Promise<void> {
  const name = freshName();
  expect(await dig(fleet.hosts.client, name)).toBe(ANSWER);
  const { query } = wireMessages(fleet.testbed.capture, name);
  expect(query?.tag?.application).toBe('dig');
}

async function deployment(): Promise<Deployment | undefined> {
  const { body } = await fleet.stack.request<{ deployments: Deployment[] }>('l45.deployer.status', {
    name: TAG_DNS.name,
  });
  return body.deployments?.[0];
}

const deployed = () =>
  waitFor(
    'the deployment to converge',
    async () => (await deployment())?.state === 'deployed',
    60_000,
  );

it('a host that was offline receives its deployment when it returns', async () => {
  await fleet.killAgent('dns-server');
  await waitFor('the monitor to notice', async () => {
    const { body } = await fleet.stack.request<HostsReply>('l45.monitor.hosts', {
      host: 'dns-server',
    });
    return body.hosts[0]?.online === false;
  });

  const { body } = await fleet.deploy({ ...TAG_DNS, wait: 1 });
  expect(body.state).toBe('deploying');
  const waiting = body.hosts.find(({ host }) => host === 'dns-server');
  expect(waiting).toMatchObject({ converged: false, reason: expect.stringMatching(/offline/) });
  // Nobody may speak before everybody understands.
  const name = freshName();
  expect(await dig(fleet.hosts.client, name)).toBe(ANSWER);
  const { query } = wireMessages(fleet.testbed.capture, name);
  expect(query).toEqual({ dns: expect.any(Object), bytes: expect.any(Buffer) });

  await fleet.startAgent('dns-server');
  await deployed();
  await expectTagged();
}, 120_000);

it('an agent is killed and restarted while queries run: no query fails, every one is tagged', async () => {
  await fleet.deploy();
  const names = Array.from({ length: 40 }, freshName);
  const asking = (async () => {
    const answers: string[] = [];
    for (const name of names) answers.push(await dig(fleet.hosts.client, name));
    return answers;
  })();
  for (const host of ['client', 'dns-server'] as const) {
    await fleet.killAgent(host);
    await fleet.startAgent(host);
    await fleet.answers(host);
  }

  expect(await asking).toEqual(names.map(() => ANSWER));
  const tags = names.map(
    (name) => wireMessages(fleet.testbed.capture, name).query?.tag?.application,
  );
  expect(tags).toEqual(names.map(() => 'dig'));
}, 120_000);

it('a host that was reset converges again', async () => {
  await fleet.deploy();
  await fleet.hosts.client.reset();
  expect((await fleet.hosts.client.run('test', ['-e', '/sys/module/l45'])).code).not.toBe(0);
  await fleet.startAgent('client');
  await fleet.answers('client');
  await waitFor('the kernel to have the instance', async () => {
    const { instances } = await fleet.status('client');
    return instances[0]?.directions.length === 2;
  });
  await expectTagged();
}, 120_000);

it('a deploy during which NATS is restarted converges', async () => {
  const answer = fleet.deploy().catch(() => undefined);
  await fleet.stack.nats.restart();
  await answer;
  await fleet.deploy();
  await deployed();
  await expectTagged();
}, 120_000);

it('a deploy during which Postgres is restarted converges', async () => {
  const answer = fleet.deploy().catch(() => undefined);
  await fleet.stack.postgres.restart();
  await answer;
  await waitFor('the deploy to be accepted', async () => (await fleet.deploy()).errorCode === 0);
  await deployed();
  await expectTagged();
}, 120_000);

it.each(['deployer', 'builder', 'monitor'] as const)(
  'a deploy during which the %s is killed converges',
  async (name) => {
    const answer = fleet.deploy({ ...TAG_DNS, wait: 1 }).catch(() => undefined);
    await fleet.stack.service(name).stop('SIGKILL');
    fleet.stack.service(name).start();
    await answer;
    await fleet.stack.registered(name);
    await waitFor('the deploy to be accepted', async () => (await fleet.deploy()).errorCode === 0);
    await deployed();
    await expectTagged();
  },
  120_000,
);

it('services asked to stop end with success and leave the kernels customizing', async () => {
  await fleet.deploy();
  const codes: unknown[] = [];
  for (const name of ['deployer', 'builder', 'monitor', 'security', 'middlebox'] as const) {
    const service = fleet.stack.service(name);
    codes.push(await service.stop('SIGTERM'));
    service.start();
    await fleet.stack.registered(name);
  }
  expect(codes).toEqual([0, 0, 0, 0, 0]);
  await expectTagged();
}, 120_000);
