// SPDX-License-Identifier: Apache-2.0
import { type Quartiles, quartilesOf } from '../../results/quartiles.js';
import type { Measured } from './variant.js';

/** Of throughput, at most. */
export const TARGET = 0.05;

/** The same service without tracing and with it, one right after the other. */
export interface Pair {
  off: Measured;
  on: Measured;
}

export interface Result {
  subject: string;
  /** Requests a second, medians. */
  throughput: { off: number; on: number };
  /** Processor time of the service for a request, in µs, medians. */
  cpuUs: { off: number; on: number };
  /** Share of the throughput that tracing costs, pair by pair: the machine's moods are in both. */
  loss: Quartiles;
  met: boolean;
}

const perSecond = ({ requests, seconds }: Measured): number => requests / seconds;
const cpuUs = ({ requests, cpuMs }: Measured): number => (1_000 * cpuMs) / requests;

export function summarize(subject: string, pairs: readonly Pair[]): Result {
  const median = (of: (measured: Measured) => number, side: keyof Pair): number =>
    Math.round(quartilesOf(pairs.map((pair) => of(pair[side]))).median);
  const loss = quartilesOf(pairs.map(({ off, on }) => 1 - perSecond(on) / perSecond(off)));
  return {
    subject,
    throughput: { off: median(perSecond, 'off'), on: median(perSecond, 'on') },
    cpuUs: { off: median(cpuUs, 'off'), on: median(cpuUs, 'on') },
    loss: { ...loss, median: rounded(loss.median), spread: rounded(loss.spread) },
    met: loss.median <= TARGET,
  };
}

const rounded = (share: number): number => Number(share.toFixed(4));
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** The results as a Markdown table. */
export function table(results: readonly Result[]): string {
  const rows = results.map(({ subject, throughput, cpuUs: cpu, loss, met }) =>
    [
      `\`${subject}\``,
      `${throughput.off}/s`,
      `${throughput.on}/s`,
      `${percent(loss.median)} ${met ? '✓' : '✗'}`,
      percent(loss.spread),
      `${cpu.off} µs`,
      `${cpu.on} µs`,
    ].join(' | '),
  );
  return [
    '| request | without | with | loss | quartiles apart | processor without | with |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}
