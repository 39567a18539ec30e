// SPDX-License-Identifier: Apache-2.0
import { type Deployment, ENDPOINTS, ROLES } from '@l45/contracts';
import { waitFor } from '../wait.js';
import { Cloud } from './cloud.js';
import { Operator } from './operator.js';
import { Random } from './random.js';

const seed = Number(process.env['L45_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const disturbances = Number(process.env['L45_CHAOS_ACCIDENTS'] ?? 8);
const count = Number(process.env['L45_CHAOS_HOSTS'] ?? 10);
const START_MS = 120_000;
const SETTLE_MS = 180_000;

jest.setTimeout(START_MS + SETTLE_MS + disturbances * 30_000);

let cloud: Cloud;

beforeAll(async () => {
  cloud = await Cloud.start(count);
}, START_MS);
afterAll(() => cloud.stop(), 60_000);

const live = async (): Promise<Deployment[]> =>
  (await cloud.builder.client.request(ENDPOINTS.deployer.status, {})).deployments;

/** What a host's kernel has to have, in one line for each instance. */
const intentOf = (host: string, deployments: Deployment[]): string[] =>
  deployments
    .flatMap(({ id, customization, priority, mode, ends }) =>
      ROLES.filter((role) => ends[role]?.hosts?.includes(host)).map(
        (role) => `${id} ${customization} ${role} ${priority} ${mode} ingress,egress`,
      ),
    )
    .toSorted();

const actual = async (host: Cloud['hosts'][number]): Promise<string[]> =>
  (await host.kernel.instances())
    .map(
      ({ deployment, customization, role, priority, mode, directions }) =>
        `${deployment} ${customization} ${role} ${priority} ${mode} ${directions.join(',')}`,
    )
    .toSorted();

it(`whatever is killed, every host ends as intended, and nothing acknowledged is lost (seed ${seed})`, async () => {
  const accidents: string[] = [];
  const operator = new Operator(
    cloud.builder,
    cloud.hosts.map(({ name }) => name),
    new Random(seed),
  );
  const random = new Random(seed + 1);
  const over = new AbortController();
  const operating = (async () => {
    while (!over.signal.aborted) await operator.act();
  })();
  // Changes are asked for during each accident, and the next one waits for one to be accepted.
  for (let i = 0; i < disturbances; i++) {
    const before = operator.acknowledged.length;
    accidents.push(await cloud.disturb(random));
    await waitFor(
      `a change to be accepted after ${accidents.join(', ')}`,
      () => operator.acknowledged.length > before,
    );
  }
  over.abort();
  await operating;

  const deployments = await waitFor(
    `everything to settle after ${accidents.join(', ')}`,
    async () => {
      const { rotations } = await cloud.builder.client.request(ENDPOINTS.deployer.rotations, {});
      if (rotations.length) throw new Error(JSON.stringify(rotations));
      const all = await live();
      const unsettled = all.filter(({ state }) => state !== 'deployed');
      if (unsettled.length) throw new Error(JSON.stringify(unsettled));
      return all;
    },
    SETTLE_MS,
  );
  for (const host of cloud.hosts) {
    expect([host.name, await actual(host)]).toEqual([host.name, intentOf(host.name, deployments)]);
    expect(host.appliedTwice).toEqual([]);
  }
  for (const { id, name, revision } of operator.acknowledged) {
    const { revisions } = await cloud.builder.client.request(ENDPOINTS.deployer.history, { name });
    expect(revisions).toContainEqual(expect.objectContaining({ deployment: id, revision }));
  }
});
