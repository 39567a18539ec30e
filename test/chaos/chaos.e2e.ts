// SPDX-License-Identifier: Apache-2.0
import { type Deployment, ENDPOINTS, ROLES } from '@l45/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../wait.js';
import { accidentsOf } from './accidents.js';
import { Cloud } from '../cloud/index.js';
import { Operator } from './operator.js';
import { Random } from './random.js';

const seed = Number(process.env['L45_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const rounds = Number(process.env['L45_CHAOS_ROUNDS'] ?? 1);
const count = Number(process.env['L45_CHAOS_HOSTS'] ?? 100);
const START_MS = 120_000;
const ROUND_MS = 300_000;
const SETTLE_MS = 120_000;
/** Between two requests of the operator. */
const PACE_MS = 20;

let cloud: Cloud;

beforeAll(async () => {
  cloud = await Cloud.start(count);
}, START_MS);
afterAll(() => cloud.stop(), 60_000);

/** What a host's kernel has to have, in one line for each instance. */
const intentOf = (host: string, deployments: Deployment[]): string[] =>
  deployments
    .flatMap(({ id, customization, priority, mode, ends }) =>
      ROLES.filter((role) => ends[role]?.hosts?.includes(host)).map(
        (role) => `${id} ${customization} ${role} ${priority} ${mode} ingress,egress`,
      ),
    )
    .toSorted();

const actual = async ({ kernel }: Cloud['hosts'][number]): Promise<string[]> =>
  (await kernel.instances())
    .map(
      ({ deployment, customization, role, priority, mode, directions }) =>
        `${deployment} ${customization} ${role} ${priority} ${mode} ${directions.join(',')}`,
    )
    .toSorted();

/** Nothing is under way any more; throws what still is, and why. */
async function settled(): Promise<Deployment[]> {
  const { client } = cloud.user;
  const { rotations } = await client.request(ENDPOINTS.deployer.rotations, {});
  const { deployments } = await client.request(ENDPOINTS.deployer.status, {});
  const underWay = [
    ...rotations.map(({ from, to, step, problem }) => ({ rotation: [from, to], step, problem })),
    ...deployments
      .filter(({ state }) => state !== 'deployed')
      .map(({ name, state, hosts }) => ({
        name,
        state,
        waiting: hosts.filter(({ converged }) => !converged),
      })),
  ];
  if (underWay.length) throw new Error(JSON.stringify(underWay));
  return deployments;
}

it(
  `whatever is killed, every host ends as intended, and nothing acknowledged is lost (seed ${seed})`,
  async () => {
    const random = new Random(seed);
    const names = cloud.hosts.map(({ name }) => name);
    const operator = new Operator(cloud.user, names, new Random(seed + 1));
    const over = new AbortController();
    const operating = (async () => {
      for (; !over.signal.aborted; await delay(PACE_MS)) await operator.act();
    })();
    const log: string[] = [];
    const sofar = () => `(seed ${seed}) after: ${log.join(', ')}`;
    try {
      // Changes are asked for during each accident, and the next one waits for one to be accepted.
      for (let i = 0; i < rounds; i++) {
        const accidents = accidentsOf(cloud, random);
        for (const [what, strike] of random.sample(accidents, accidents.length)) {
          const before = operator.acknowledged.length;
          log.push(what);
          await strike();
          await waitFor(`a change to be accepted ${sofar()}`, () => {
            if (operator.acknowledged.length > before) return true;
            throw new Error(`refused: ${JSON.stringify([...operator.refusals])}`);
          });
        }
      }
    } finally {
      over.abort();
      await operating;
    }

    const deployments = await waitFor(`everything to settle ${sofar()}`, settled, SETTLE_MS);
    for (const host of cloud.hosts) {
      expect([host.name, await actual(host)]).toEqual([
        host.name,
        intentOf(host.name, deployments),
      ]);
      expect(host.appliedTwice).toEqual([]);
    }
    for (const { id, name, revision } of operator.acknowledged) {
      const { revisions } = await cloud.user.client.request(ENDPOINTS.deployer.history, { name });
      expect(revisions).toContainEqual(expect.objectContaining({ deployment: id, revision }));
    }
    expect([sofar(), cloud.wire.errors]).toEqual([sofar(), []]);
  },
  rounds * ROUND_MS + SETTLE_MS,
);
