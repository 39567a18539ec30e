// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import type { Packet } from '@l45/testbed';
import { waitFor } from '../wait.js';
import { deploy } from './cases.js';
import type { Experiment } from './experiment.js';
import { measurement } from './measure.js';
import { isPending } from './pending.js';
import { timeline } from './plot.js';
import { betweenCurlAndNginx, Web } from './web.js';

const SCALES = {
  quick: { bytes: 1_000_000, rate: 200_000 },
  full: { bytes: 6_000_000, rate: 400_000 },
};
const BIN_S = 0.25;

export const deprecation: Experiment = {
  name: 'deprecation',
  title: 'Deprecation in the middle of a transfer',
  question:
    'What becomes of a flow whose customization is deprecated, and of those that come after?',
  setup:
    '`rate_limit` slows down what nginx sends. While curl downloads, the deployment is deprecated; ' +
    'then a second curl downloads the same file.',
  claim: 'The first flow stays slow to its end, the second one is fast, and both files are right.',
  prototype: 'first flow slow to its end, second fast',

  async run(context) {
    const { scale, progress } = context;
    const fleet = await context.fleet();
    const { bytes, rate } = SCALES[scale];
    const web = await Web.serve(fleet, bytes);
    const { ends, ...request } = betweenCurlAndNginx('slow-web', 'rate_limit', 'http');
    const limited = {
      ...request,
      ends: { server: ends.server },
      params: { bytes_per_second: rate },
    };
    const { capture } = fleet.testbed;
    const now = (): number => performance.timeOrigin + performance.now();
    capture.clear();
    await deploy(fleet, limited);
    const marks = [{ time: now(), what: 'deployed' }];

    const first = web.download('http');
    await waitFor('the first flow to be under way', () => flows(capture.packets()).size > 0);
    await delay(1_000);
    const { errorCode } = await fleet.stack.request('l45.deployer.deprecate', {
      name: limited.name,
    });
    marks.push({ time: now(), what: 'deprecated' });
    await waitFor('the host to confirm', async () => {
      const { instances } = await fleet.status('dns-server');
      return instances.every((instance) => instance.deprecated);
    });
    progress(3);
    marks.push({ time: now(), what: 'second' });
    const second = await web.download('http');
    progress(3);
    const isFirstStillUnderWay = await isPending(first);
    const slow = await first;
    progress(3);

    const hashes = [slow, second].every(({ sha256 }) => sha256 === web.sha256);
    const rates = [slow, second].map(({ seconds }) => bytes / seconds);
    const [start = 0] = capture.packets().map(({ time }) => time);
    const isSlow = (rates[0] ?? 0) < 1.3 * rate;
    await fleet.revoke(limited.name);
    return {
      passed: !errorCode && hashes && isSlow && isFirstStillUnderWay && (rates[1] ?? 0) > 2 * rate,
      reason: `hashes right: ${hashes}; ${rates.map((r) => Math.round(r / 1e3)).join(' and ')} kB/s; first under way when second ended: ${isFirstStillUnderWay}`,
      measurements: rates.map((value, i) =>
        measurement(['first', 'second'][i] ?? '', 'B/s', [value]),
      ),
      plot: timeline(
        'Throughput on the wire',
        'kB/s',
        throughput(capture.packets(), start),
        marks.map(({ time, what }) => ({ x: (time - start) / 1e3, what })),
      ),
      meaning: 'A program that was promised a behaviour keeps it; nobody new gets it.',
    };
  },
};

/** Bytes that the web server sent, by port of the client. */
function flows(packets: Packet[]): Map<number, Packet[]> {
  const byPort = new Map<number, Packet[]>();
  for (const packet of packets) {
    const { tcp, payload } = packet;
    if (tcp?.sourcePort !== 80 || payload.length === 0) continue;
    byPort.set(tcp.destinationPort, [...(byPort.get(tcp.destinationPort) ?? []), packet]);
  }
  return byPort;
}

const throughput = (packets: Packet[], start: number) =>
  [...flows(packets).values()].flatMap((flow, i) => {
    const bins: number[] = [];
    for (const { time, payload } of flow) {
      const bin = Math.floor((time - start) / 1e3 / BIN_S);
      bins[bin] = (bins[bin] ?? 0) + payload.length;
    }
    const series = ['first', 'second'][i] ?? `${i + 1}`;
    return Array.from(bins, (sum = 0, bin) => ({ x: bin * BIN_S, y: sum / BIN_S / 1e3, series }));
  });
