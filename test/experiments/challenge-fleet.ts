// SPDX-License-Identifier: Apache-2.0
import { type ChallengeResult, ENDPOINTS, type Outcome } from '@l45/contracts';
import { randomBytes } from 'node:crypto';
import { Cloud } from '../cloud/index.js';
import { waitFor } from '../wait.js';
import type { Experiment } from './experiment.js';
import { measurement } from './measure.js';
import { bars } from './plot.js';

const SCALES = {
  quick: { hosts: 10, struck: 4, challenges: 20, interval: 2 },
  full: { hosts: 250, struck: 100, challenges: 1_000, interval: 10 },
};
const NAME = 'watched';
const CUSTOMIZATION = 'watched';
const WAIT_S = 120;

type Host = Cloud['hosts'][number];

/** What is done to a host, and how it shows in a challenge. */
interface Attack {
  what: string;
  outcome: Outcome;
  /** The answer undoes what a new deployment does not. */
  strike(host: Host): Promise<() => Promise<void>>;
}

const nothing = async (): Promise<void> => undefined;

const ATTACKS: Attack[] = [
  {
    what: 'wrong key',
    outcome: 'wrong-mac',
    async strike({ kernel }) {
      for (const { id } of await kernel.instances()) await kernel.setKey(id, randomBytes(32));
      return nothing;
    },
  },
  {
    what: 'patched module',
    outcome: 'tampered',
    async strike({ kernel }) {
      kernel.patch(CUSTOMIZATION);
      return nothing;
    },
  },
  {
    what: 'replay',
    outcome: 'wrong-mac',
    async strike({ kernel }) {
      const [instance] = await kernel.instances();
      const nonce = randomBytes(32).toString('hex');
      const question = { instance: instance?.id ?? '', nonce, host: '', bootId: '' };
      const heard = await kernel.challenge(question);
      kernel.challenge = async () => heard;
      return async () => void Reflect.deleteProperty(kernel, 'challenge');
    },
  },
  {
    what: 'silence',
    outcome: 'silent',
    async strike(host) {
      await host.stop();
      return () => host.start();
    },
  },
];

export const challengeFleet: Experiment = {
  name: 'challenge-fleet',
  title: 'Challenges of a whole fleet',
  question: 'Are all hosts of a fleet asked in time, and is every one that cheats told apart?',
  setup:
    'The agent as it is shipped, once for each host, above a kernel in memory that answers as the ' +
    'real one does; real services, NATS and Postgres, all on one machine. First a policy has every ' +
    'host challenged at an interval. Then, one after the other, some hosts get another key, a ' +
    'patched module, an old answer for every challenge, or an agent that says nothing.',
  claim: 'Every attack is told from honesty and for what it is, and no honest host is suspected.',
  prototype: 'not tried',

  async run({ scale, progress }) {
    const { hosts, struck, challenges, interval } = SCALES[scale];
    const cloud = await Cloud.start(hosts);
    const parts = 1 + ATTACKS.length;
    const wrong: string[] = [];
    /** What was expected of each host, against what was found. */
    const judge = (results: ChallengeResult[], expected: (host: string) => Outcome): void => {
      for (const { host, outcome } of results)
        if (outcome !== expected(host)) wrong.push(`${outcome} on ${host}`);
      if (results.length < hosts) wrong.push(`${results.length} of ${hosts} hosts challenged`);
    };
    let honest: ChallengeResult[];
    try {
      const { client } = cloud.user;
      await waitFor('the hosts to report', () => cloud.isOnline(), 120_000);
      const policy = { deployment: NAME, interval, window: interval / 2 };
      await client.request(ENDPOINTS.security.policy, policy);
      await deploy(cloud);
      honest = await waitFor(
        `${challenges} challenges`,
        async () => {
          const request = { deployment: NAME, limit: challenges };
          const { results } = await client.request(ENDPOINTS.security.challenges, request);
          return results.length >= challenges && results;
        },
        20_000 + (4_000 * interval * challenges) / hosts,
      );
      await client.request(ENDPOINTS.security.drop, { deployment: NAME });
      judge(honest, () => 'passed');
      progress(parts);

      for (const { outcome, strike } of ATTACKS) {
        await deploy(cloud);
        const ask = () => client.request(ENDPOINTS.security.challenge, { deployment: NAME });
        judge((await ask()).results, () => 'passed');
        const victims = cloud.hosts.slice(0, struck);
        const undo = await Promise.all(victims.map((host) => strike(host)));
        const names = new Set(victims.map(({ name }) => name));
        judge((await ask()).results, (host) => (names.has(host) ? outcome : 'passed'));
        await Promise.all(undo.map((mend) => mend()));
        await client.request(ENDPOINTS.deployer.revoke, { name: NAME, wait: WAIT_S });
        progress(parts);
      }
    } finally {
      await cloud.stop();
    }

    const times = honest.map(({ ms }) => ms).toSorted((a, b) => a - b);
    const slowest = times[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
    const measurements = [
      measurement('round trip', 'ms', times),
      measurement('99th percentile', 'ms', [slowest]),
    ];
    return {
      passed: wrong.length === 0,
      reason: `${wrong.length} are wrong: ${wrong.slice(0, 5).join(', ')}`,
      measurements,
      plot: bars('From a challenge to its verdict', 'ms', measurements),
      meaning:
        `${honest.length} challenges by policy, a host each ${interval} s, of ${hosts} hosts: none ` +
        `failed. ${struck} of ${struck} hosts were caught for each of ${ATTACKS.length} attacks ` +
        `(${ATTACKS.map(({ what }) => what).join(', ')}), with all ${hosts} asked at once.`,
    };
  },
};

/** Idempotent: it may be there already. */
async function deploy({ user, hosts }: Cloud): Promise<void> {
  await user.client.request(ENDPOINTS.deployer.deploy, {
    name: NAME,
    customization: CUSTOMIZATION,
    ends: {
      client: { hosts: hosts.map(({ name }) => name), match: { applications: ['nobody'] } },
    },
    wait: WAIT_S,
  });
}
