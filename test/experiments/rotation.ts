// SPDX-License-Identifier: Apache-2.0
import type { RotateTarget, Rotation } from '@l45/contracts';
import type { Packet } from '@l45/testbed';
import type { TopLevelSpec } from 'vega-lite';
import { ANSWER, DNS_PORT, DnsLoop, type Fleet } from '../fleet/index.js';
import { waitFor } from '../wait.js';
import { deploy } from './cases.js';
import type { Experiment } from './experiment.js';
import { KernelTrace, type TraceEvent } from './kernel-trace.js';
import { measurement } from './measure.js';
import { type Happening, lanes, stacked, timeline } from './plot.js';
import { betweenCurlAndNginx, Web } from './web.js';

/** Queries of the loop have about 60 bytes: tagged they are longer than this, compressed shorter. */
const PLAIN_LENGTH = 60;
const NAMES = ['client', 'dns-server'] as const;
const TURNS: [RotateTarget, RotateTarget] = [
  { name: 'compressed', customization: 'dns_compress' },
  { name: 'tagged', customization: 'dns_tag' },
];
const ROTATIONS = { quick: 2, full: 100 };

/** Rotates and answers how long both ends took to switch, in milliseconds. */
async function rotate(fleet: Fleet, from: string, to: RotateTarget): Promise<number> {
  const request = { from, to, drain: 0, timeout: 120, wait: 120 };
  const { body } = await fleet.stack.request<Rotation>('l45.deployer.rotate', request, 180_000);
  if (body.step !== 'done') throw new Error(`not rotated: ${JSON.stringify(body)}`);
  return Date.parse(body.switchedAt ?? '') - Date.parse(body.createdAt);
}

export const rotation: Experiment = {
  name: 'rotation',
  title: 'Rotation under a loop of DNS queries',
  question: 'Can one customization take the place of another while programs talk?',
  setup:
    'dig asks dnsmasq without a pause, while `dns_tag` is rotated to `dns_compress` and back. ' +
    'The time is that from the request until both ends have switched.',
  claim: 'Every query is answered, through every rotation.',
  prototype: 'no application error; about 90 s from deploying the second module to switching',

  async run(context) {
    const { scale, progress } = context;
    const fleet = await context.fleet();
    const count = ROTATIONS[scale];
    const protocols = ['udp' as const];
    await deploy(fleet, {
      name: TURNS[1].name,
      customization: TURNS[1].customization,
      ends: {
        client: {
          hosts: ['client'],
          match: { protocols, applications: ['dig'], remote: { ports: ['53'] } },
        },
        server: {
          hosts: ['dns-server'],
          match: { protocols, applications: ['dnsmasq'], local: { ports: ['53'] } },
        },
      },
    });
    const watched = [fleet.hosts.client, fleet.hosts['dns-server']];
    const before = await Promise.all(NAMES.map((name) => fleet.status(name)));
    const traces = await Promise.all(watched.map((host) => KernelTrace.start(host)));
    fleet.testbed.capture.clear();
    const loop = await DnsLoop.start(fleet.hosts.client);
    const events: TraceEvent[][] = [];
    const times: number[] = [];
    const marks: { time: number; what: string }[] = [];
    for (let i = 0; i < count; i++) {
      const seen = loop.answers.length;
      await waitFor('queries between two rotations', () => loop.answers.length > seen + 1, 120_000);
      const [to, from] = i % 2 ? [TURNS[1], TURNS[0]] : TURNS;
      marks.push({
        time: performance.timeOrigin + performance.now(),
        what: `to ${to.customization}`,
      });
      times.push(await rotate(fleet, from.name, to));
      progress(count);
      if (i > 0) continue;
      const answered = loop.answers.length;
      await waitFor('queries after it', () => loop.answers.length > answered + 1, 120_000);
      events.push(...(await Promise.all(traces.map((trace) => trace.stop()))));
    }
    await loop.stop();
    await fleet.revoke(TURNS[count % 2 ? 0 : 1].name);

    const { answers } = loop;
    const failed = answers.filter((answer) => answer !== ANSWER);
    const queries = fleet.testbed.capture
      .packets()
      .filter(({ udp }) => udp?.destinationPort === DNS_PORT);
    const start = queries[0]?.time ?? 0;
    return {
      passed: failed.length === 0,
      reason: `${failed.length} of ${answers.length} queries failed: ${failed.slice(0, 3).join('; ')}`,
      measurements: [measurement('request to both ends switched', 'ms', times)],
      plot: stacked(
        timeline(
          'Queries on the wire: tagged are long, compressed are short',
          'bytes',
          queries.map(({ time, payload }) => ({
            x: (time - start) / 1e3,
            y: payload.length,
            series: 'query',
          })),
          marks.slice(0, 10).map(({ time, what }) => ({ x: (time - start) / 1e3, what })),
        ),
        firstSwitch(
          watched.map(({ name }, i) => ({
            name,
            customizations: new Map(before[i]?.instances.map((one) => [one.id, one.customization])),
            events: events[i] ?? [],
          })),
          queries,
          marks[0]?.time ?? 0,
        ),
      ),
      meaning:
        `${answers.length} queries and ${count} rotations. Agents and kernels are emulated here, ` +
        'which multiplies the time; nobody waited for it. Below, what the tracepoints of both ' +
        'kernels say of the first rotation, and what was on the wire meanwhile; their clocks agree ' +
        `to ${Math.ceil(Math.max(...traces.map(({ ahead }) => ahead.error)))} ms.`,
    };
  },
};

interface End {
  name: string;
  /** Of instances that were there before. */
  customizations: Map<string, string>;
  events: TraceEvent[];
}

/** Which customization did what, on either end and between them; seconds since the request. */
function firstSwitch(ends: End[], queries: Packet[], asked: number): TopLevelSpec {
  const last = Math.max(...ends.flatMap(({ events }) => events.map(({ time }) => time)));
  const seconds = (time: number): number => (time - asked) / 1e3;
  const [client = '', server = ''] = ends.map(({ name }) => name);
  const order = [
    `${client}: settings`,
    `${client}: egress`,
    'wire',
    `${server}: ingress`,
    `${server}: settings`,
  ];
  const onWire = queries
    .filter(({ time }) => time <= last)
    .map(({ time, payload }) => ({
      x: seconds(time),
      lane: 'wire',
      series: payload.length > PLAIN_LENGTH ? 'dns_tag' : 'dns_compress',
    }));
  const inKernels = ends.flatMap(({ name, customizations, events }) =>
    events.flatMap(({ time, event, instance, text }): Happening[] => {
      const [, said] = /customization=(\S+)/.exec(text) ?? [];
      if (said) customizations.set(instance, said);
      const series = customizations.get(instance) ?? 'unknown';
      if (event === 'instance') return [{ x: seconds(time), lane: `${name}: settings`, series }];
      const direction = / (egress|ingress) /.exec(text)?.[1];
      const lane = `${name}: ${direction}`;
      return event === 'customize' && order.includes(lane)
        ? [{ x: seconds(time), lane, series }]
        : [];
    }),
  );
  return lanes('The first rotation, by the tracepoints of both kernels', order, [
    ...inKernels,
    ...onWire,
  ]);
}

const DOWNLOAD = {
  quick: { rotations: 2, bytes: 25_000_000, rate: 400_000 },
  full: { rotations: 100, bytes: 200_000_000, rate: 250_000 },
};

export const tlsRotation: Experiment = {
  name: 'tls-rotation',
  title: 'Rotation under a TLS download',
  question: 'Can the customization of one long stream be replaced in its middle?',
  setup:
    'curl downloads over HTTPS at a limited rate, while one deployment of `stream_tag` takes the ' +
    'place of another, again and again, on this one connection.',
  claim: 'The download has the hash of the file, and every rotation happened while it ran.',
  prototype: 'not tried',

  async run(context) {
    const { scale, progress } = context;
    const fleet = await context.fleet();
    const { rotations, bytes, rate } = DOWNLOAD[scale];
    const web = await Web.serve(fleet, bytes);
    const { name: _, customization, ...flow } = betweenCurlAndNginx('', 'stream_tag', 'https');
    const names = ['stream-a', 'stream-b'] as const;
    await deploy(fleet, { ...flow, name: names[0], customization });
    const attached = async (): Promise<boolean> =>
      (await fleet.status('dns-server')).instances.some(({ sockets }) => sockets > 0);
    const download = web.downloadSlowly('https', rate);
    await waitFor('the download to be under way', attached);
    const times: number[] = [];
    let during = 0;
    for (let i = 0; i < rotations; i++) {
      const [from, to] = [names[i % 2] ?? '', names[(i + 1) % 2] ?? ''];
      times.push(await rotate(fleet, from, { name: to, customization }));
      if (await attached()) during++;
      progress(rotations);
    }
    await download.hurry();
    const sha256 = await download.sha256;
    await fleet.revoke(names[times.length % 2]);
    return {
      passed: sha256 === web.sha256 && during === rotations,
      reason: `${sha256 === web.sha256 ? 'right' : 'wrong'} hash; ${during} of ${rotations} rotations during the download`,
      measurements: [measurement('request to both ends switched', 'ms', times)],
      plot: timeline(
        'Time of each rotation',
        'ms',
        times.map((y, x) => ({ x, y, series: 'rotation' })),
      ),
      meaning: 'The switch is a mark in the stream, so that both ends agree on the byte.',
    };
  },
};
