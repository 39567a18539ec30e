// SPDX-License-Identifier: Apache-2.0
import { type Deployment, ENDPOINTS, type ObservedInstance, ROLES } from '@l45/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { Cloud, RealModules } from '../cloud/index.js';
import { ANSWER, DnsLoop, VirtualHosts } from '../fleet/index.js';
import { type Folder, temporaryFolder } from '../testbed/folder.js';
import { waitFor } from '../wait.js';
import { accidentsOf } from './accidents.js';
import { Operator } from './operator.js';
import { Random } from './random.js';
import { amongSimulated, betweenDigAndDnsmasq } from './tasks.js';

const seed = Number(process.env['L45_CHAOS_SEED'] ?? Date.now() % 1_000_000);
const rounds = Number(process.env['L45_CHAOS_ROUNDS'] ?? 1);
const count = Number(process.env['L45_CHAOS_HOSTS'] ?? 100);
const START_MS = 300_000;
const ROUND_MS = 300_000;
const SETTLE_MS = 120_000;
/** Between two requests of the operator. */
const PACE_MS = 20;
/** Of who operates hosts that are emulated. */
const COLLEAGUE_PACE_MS = 1_000;

let folder: Folder;
let cloud: Cloud;
let virtual: VirtualHosts;

beforeAll(async () => {
  folder = await temporaryFolder();
  const booted = await VirtualHosts.boot();
  const { customizations } = betweenDigAndDnsmasq;
  const { kernelRelease } = booted.testbed;
  const real = await RealModules.build(kernelRelease, customizations, folder.path);
  cloud = await Cloud.start(count, real);
  virtual = new VirtualHosts(booted, cloud.nats.url);
  await Promise.all([
    virtual.startAgent('client'),
    virtual.startAgent('dns-server'),
    virtual.startDnsServer(),
  ]);
  await Promise.all([known('client'), known('dns-server')]);
}, START_MS);
afterAll(async () => {
  await cloud?.stop();
  await virtual?.testbed.close();
  await folder?.remove();
}, 60_000);

/** Resolves once a host has reported. */
const known = (host: string) =>
  waitFor(
    `${host} to report`,
    async () => {
      const { hosts } = await cloud.user.client.request(ENDPOINTS.monitor.hosts, { host });
      return hosts[0]?.online;
    },
    START_MS,
  );

/** What a host's kernel has to have, in one line for each instance. */
const intentOf = (host: string, deployments: Deployment[]): string[] =>
  deployments
    .flatMap(({ id, customization, priority, mode, ends }) =>
      ROLES.filter((role) => ends[role]?.hosts?.includes(host)).map(
        (role) => `${id} ${customization} ${role} ${priority} ${mode} ingress,egress`,
      ),
    )
    .toSorted();

type Seen = Pick<
  ObservedInstance,
  'deployment' | 'customization' | 'role' | 'priority' | 'mode' | 'directions'
>;

const actualOf = (instances: Seen[]): string[] =>
  instances
    .map(
      ({ deployment, customization, role, priority, mode, directions }) =>
        `${deployment} ${customization} ${role} ${priority} ${mode} ${directions.join(',')}`,
    )
    .toSorted();

/** What every host has, virtual and simulated. */
async function observed(): Promise<Map<string, string[]>> {
  const { client } = cloud.user;
  const simulated = cloud.hosts.map(async ({ name, kernel }) => {
    return [name, actualOf(await kernel.instances())] as const;
  });
  const others = Object.keys(virtual.hosts).map(async (host) => {
    const { instances } = await client.request(ENDPOINTS.agent.status, {}, { host });
    return [host, actualOf(instances)] as const;
  });
  return new Map(await Promise.all([...simulated, ...others]));
}

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
    const simulated = amongSimulated(cloud.hosts.map(({ name }) => name));
    const operator = new Operator(cloud.user, simulated, new Random(seed + 1));
    const colleague = new Operator(cloud.user, betweenDigAndDnsmasq, new Random(seed + 2));
    const over = new AbortController();
    const operate = async (who: Operator, paceMs: number) => {
      for (; !over.signal.aborted; await delay(paceMs)) await who.act();
    };
    const queries = await DnsLoop.start(virtual.hosts.client);
    const operating = Promise.all([
      operate(operator, PACE_MS),
      operate(colleague, COLLEAGUE_PACE_MS),
    ]);
    const log: string[] = [];
    const sofar = () => `(seed ${seed}) after: ${log.join(', ')}`;
    try {
      // Changes are asked for during each accident, and the next one waits for one to be accepted.
      for (let i = 0; i < rounds; i++) {
        const accidents = accidentsOf(cloud, virtual, random);
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
    for (const [host, has] of await observed()) {
      expect([host, has]).toEqual([host, intentOf(host, deployments)]);
    }
    for (const { appliedTwice } of cloud.hosts) expect(appliedTwice).toEqual([]);
    for (const { id, name, revision } of [...operator.acknowledged, ...colleague.acknowledged]) {
      const { revisions } = await cloud.user.client.request(ENDPOINTS.deployer.history, { name });
      expect(revisions).toContainEqual(expect.objectContaining({ deployment: id, revision }));
    }
    expect([sofar(), cloud.wire.errors]).toEqual([sofar(), []]);
    await queries.stop();
    const unanswered = queries.answers.filter((answer) => answer !== ANSWER);
    expect([sofar(), unanswered]).toEqual([sofar(), []]);
    expect(queries.answers.length).toBeGreaterThan(colleague.acknowledged.length);
  },
  rounds * ROUND_MS + SETTLE_MS,
);
