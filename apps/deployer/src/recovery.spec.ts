// SPDX-License-Identifier: Apache-2.0
import { DESIRED_BUCKET, OBSERVED_BUCKET, ENDPOINTS } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { ControlPlane, eventually, TAG_DNS } from './testing/control-plane.js';

jest.setTimeout(60_000);

let plane: ControlPlane;

beforeEach(async () => {
  plane = await ControlPlane.start();
  await plane.startDeployer();
  await plane.startAgent('client');
  await plane.startAgent('dns-server');
});
afterEach(() => plane.stop());

const deployed = () =>
  eventually(
    () => plane.status(),
    ({ state }) => expect(state).toBe('deployed'),
    20_000,
  );

/** As a user does who gets no answer. */
const deployUntilAnswered = () =>
  eventually(
    () => plane.deploy(),
    ({ state }) => expect(state).toBe('deployed'),
    20_000,
  );

it('tells hosts again what they should run when the bucket is wiped, with the same revisions', async () => {
  await plane.deploy();
  const before = plane.agent('client').applied.at(-1);
  const manager = await jetstreamManager(plane.connection);
  await manager.streams.delete(`KV_${DESIRED_BUCKET}`);
  const end = new AbortController();
  for await (const change of plane.buckets.desired.watch('client', end.signal)) {
    if (change.kind !== 'put') continue;
    expect(change.value).toEqual(before);
    end.abort();
  }
});

it('tells a host again what it should run when somebody else wrote in its place', async () => {
  await plane.deploy();
  const told = plane.agent('client').applied.at(-1);
  const acknowledgement = { stream: 'KV_l45_observed', seq: 1 } as never;
  for (const foreign of [plane.agent('dns-server').applied.at(-1) as never, acknowledgement]) {
    await plane.buckets.desired.put('client', foreign);
    const end = new AbortController();
    for await (const change of plane.buckets.desired.watch('client', end.signal)) {
      if (change.kind !== 'put') continue;
      expect(change.value).toEqual(told);
      end.abort();
    }
  }
});

it('keeps a deployment when the reports are wiped', async () => {
  await plane.deploy();
  const manager = await jetstreamManager(plane.connection);
  await manager.streams.delete(`KV_${OBSERVED_BUCKET}`);
  expect(await plane.status()).toMatchObject({ state: 'deployed' });
  await plane.agent('client').report();
  await plane.agent('dns-server').report();
  expect(await plane.revoke()).toMatchObject({ state: 'revoked' });
});

it('goes on where a deployer was stopped in the middle of a rollout', async () => {
  const [first] = plane.deployers;
  if (!first) throw new Error('no deployer');
  await plane.agent('dns-server').stop();
  await plane.deploy({ wait: 0 });
  await eventually(
    () => plane.status(),
    ({ hosts }) => expect(hosts[0]?.reason).toMatch(/^has ingress/),
  );
  await plane.stopDeployer(first);
  await plane.agent('dns-server').start();
  await plane.startDeployer();
  await deployed();
});

it('works with several deployers, each change told once', async () => {
  await Promise.all([plane.startDeployer(), plane.startDeployer()]);
  for (let i = 0; i < 5; i++) {
    const name = `tag-${i}`;
    expect(await plane.deploy({ name })).toMatchObject({ state: 'deployed' });
    expect(await plane.revoke({ name })).toMatchObject({ state: 'revoked' });
  }
  const told = plane.agent('client').applied.map(({ revision }) => revision);
  expect(told.at(-1)).toBe(20);
});

it('finishes deployments while Postgres is restarted', async () => {
  const answer = plane.deploy().catch((error: unknown) => error);
  await plane.postgres.restart();
  expect(await answer).toMatchObject({ state: 'deployed' });
  await plane.postgres.restart();
  expect(await plane.revoke()).toMatchObject({ state: 'revoked' });
});

it('says UNAVAILABLE while Postgres is away', async () => {
  await plane.postgres.restart(async () => {
    const asking = plane.ask(ENDPOINTS.deployer.status, {}).catch((error: unknown) => error);
    expect(await asking).toMatchObject({ name: expect.stringMatching(/UNAVAILABLE|TIMEOUT/) });
  });
  expect(await plane.ask(ENDPOINTS.deployer.status, {})).toEqual({ deployments: [] });
});

it('finishes deployments when NATS is restarted', async () => {
  const answer = plane.deploy().catch(() => undefined);
  await plane.nats.restart();
  await answer;
  expect(await deployUntilAnswered()).toMatchObject({ revision: 1, name: TAG_DNS.name });
});
