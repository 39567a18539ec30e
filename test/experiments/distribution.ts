// SPDX-License-Identifier: Apache-2.0
import { type Deployment, ENDPOINTS } from '@l45/contracts';
import type { TopLevelSpec } from 'vega-lite';
import { Cloud } from '../cloud/index.js';
import { waitFor } from '../wait.js';
import type { Experiment, Measurement } from './experiment.js';
import { Floor } from './floor.js';
import { measurement } from './measure.js';
import { SIZE } from './plot.js';

const SCALES = {
  quick: { sizes: [10, 50], rounds: 1 },
  full: { sizes: [10, 50, 100, 175, 250, 1_000], rounds: 5 },
};
/** Medians of the dissertation, in milliseconds. */
const PROTOTYPE = new Map([
  [10, 278],
  [50, 1_460],
  [100, 3_170],
  [175, 5_970],
  [250, 8_500],
]);
const WAIT_S = 120;

/** One deployment, from the request to the answer that every host has it. */
interface Trial {
  ms: number;
  /** Of NATS alone, for as many bytes. */
  floorMs: number;
  /** Hosts without exactly one instance, or with somebody else's. */
  wrong: number;
}

export const distribution: Experiment = {
  name: 'distribution',
  title: 'Distribution to many hosts',
  question: 'How long until every host of a deployment customizes?',
  setup:
    'The agent as it is shipped, once for each host, above a kernel in memory; a real NATS server, ' +
    'Postgres and services, all on one machine. Each host gets an instance of its own and loads ' +
    'modules of the usual size that it does not have yet. The floor is what NATS alone needs to ' +
    'bring as many bytes to as many plain clients, and their answers back, in the same run.',
  claim: 'Every host gets exactly one instance of its own, with each deployment.',
  prototype: '34.8 ms a host, one after the other: 250 hosts in 8.5 s',

  async run({ scale, progress }) {
    const { sizes, rounds } = SCALES[scale];
    const count = Math.max(...sizes);
    const cloud = await Cloud.start(count);
    const trials = new Map<number, Trial[]>(sizes.map((size) => [size, []]));
    let floor: Floor | undefined;
    try {
      floor = await Floor.connect(cloud.nats.url, count);
      await waitFor('the hosts to report', () => cloud.isOnline(), 120_000);
      await distribute(cloud, floor, sizes[0] ?? 1, 'warm-up');
      for (let round = 0; round < rounds; round++) {
        for (const [size, done] of trials) {
          done.push(await distribute(cloud, floor, size, `unique-${round}-${size}`));
          progress(rounds * sizes.length);
        }
      }
    } finally {
      await floor?.close();
      await cloud.stop();
    }

    const wrong = [...trials.values()].flat().reduce((sum, trial) => sum + trial.wrong, 0);
    const measurements = [...trials].flatMap(([size, done]) => [
      measurement(
        `${size} hosts`,
        'ms',
        done.map(({ ms }) => ms),
      ),
      measurement(
        `${size} hosts, floor`,
        'ms',
        done.map(({ floorMs }) => floorMs),
      ),
    ]);
    return {
      passed: wrong === 0,
      reason: `${wrong} hosts had not exactly one instance of their own`,
      measurements,
      plot: curves(sizes, measurements),
      meaning: meaning(sizes, measurements),
    };
  },
};

async function distribute(cloud: Cloud, floor: Floor, size: number, name: string): Promise<Trial> {
  const { client } = cloud.user;
  const hosts = cloud.hosts.slice(0, size);
  const traffic = () => ({
    down: hosts.reduce((sum, host) => sum + host.traffic.inBytes, 0),
    up: hosts.reduce((sum, host) => sum + host.traffic.outBytes, 0),
  });
  const request = {
    name,
    customization: name.replaceAll('-', '_'),
    ends: {
      client: { hosts: hosts.map((host) => host.name), match: { applications: ['nobody'] } },
    },
    wait: WAIT_S,
  };
  const before = traffic();
  const started = performance.now();
  const deployed = await client.request(ENDPOINTS.deployer.deploy, request);
  const ms = performance.now() - started;
  const after = traffic();
  const wrong = await countWrong(hosts, deployed);
  await client.request(ENDPOINTS.deployer.revoke, { name, wait: WAIT_S });
  const each = (bytes: number): number => Math.ceil(bytes / size);
  const floorMs = await floor.measure(
    size,
    each(after.down - before.down),
    each(after.up - before.up),
  );
  return { ms, floorMs, wrong };
}

async function countWrong(hosts: Cloud['hosts'], { id, state }: Deployment): Promise<number> {
  if (state !== 'deployed') return hosts.length;
  const instances = await Promise.all(hosts.map(({ kernel }) => kernel.instances()));
  const right = instances.flatMap(([only, ...others]) =>
    only?.deployment === id && others.length === 0 ? [only.id] : [],
  );
  return hosts.length - new Set(right).size;
}

const medianOf = (measurements: Measurement[], which: string): number =>
  measurements.find((found) => found.case === which)?.median ?? Number.NaN;

function meaning(sizes: number[], measurements: Measurement[]): string {
  const lines = sizes.map((size) => {
    const ms = medianOf(measurements, `${size} hosts`);
    const ratio = ms / medianOf(measurements, `${size} hosts, floor`);
    const before = PROTOTYPE.get(size);
    const gain = before ? `, the prototype's time divided by ${(before / ms).toFixed(1)}` : '';
    return `- ${size} hosts: ${(ms / size).toFixed(2)} ms a host, ${ratio.toFixed(1)} × the floor${gain}`;
  });
  return `${lines.join('\n')}

All agents share the processors with the services, which hosts of a fleet do not.`;
}

const curves = (sizes: number[], measurements: Measurement[]): TopLevelSpec => ({
  ...SIZE,
  title: 'From the request until every host customizes',
  data: {
    values: sizes.flatMap((hosts) => [
      { hosts, ms: medianOf(measurements, `${hosts} hosts`), series: 'Layer 4.5' },
      { hosts, ms: medianOf(measurements, `${hosts} hosts, floor`), series: 'NATS alone' },
      ...(PROTOTYPE.has(hosts) ? [{ hosts, ms: PROTOTYPE.get(hosts), series: 'prototype' }] : []),
    ]),
  },
  mark: { type: 'line', point: true },
  encoding: {
    x: { field: 'hosts', type: 'quantitative', title: 'hosts', scale: { type: 'log' } },
    y: { field: 'ms', type: 'quantitative', title: 'ms', scale: { type: 'log' } },
    color: { field: 'series', type: 'nominal', title: null },
  },
});
