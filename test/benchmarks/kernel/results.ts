// SPDX-License-Identifier: Apache-2.0
import { quartilesOf } from '../../results/quartiles.js';
import { CASES, WORKLOADS, type Case } from './workloads.js';

/** One row of docs/results/kernel-cost.json. */
export interface Result {
  workload: string;
  case: Case;
  median: number;
  unit: string;
  /** Of the median to that without a module. */
  ratio: number;
  /** Distance of the quartiles, as a part of the median. */
  spread: number;
  /** Samples. */
  n: number;
}

/** The lines that kernel/test/bench/cost prints: "cost WORKLOAD CASE NUMBER…". */
export function readSamples(output: string): Map<string, number[]> {
  const samples = new Map<string, number[]>();
  for (const line of output.split(/\r?\n/)) {
    const [word, workload, which, ...numbers] = line.trim().split(' ');
    if (word !== 'cost') continue;
    const key = `${workload} ${which}`;
    samples.set(key, [...(samples.get(key) ?? []), ...numbers.map(Number)]);
  }
  return samples;
}

/** Rows in the order of the table; a workload that was not run has none. */
export function summarize(samples: Map<string, number[]>): Result[] {
  return WORKLOADS.flatMap(({ name, title, unit }) => {
    const measured = CASES.map((which) => ({
      which,
      ...quartilesOf(samples.get(`${name} ${which}`) ?? []),
    }));
    if (measured.some(({ n }) => n === 0)) return [];
    return measured.map(({ which, median, spread, n }) => ({
      workload: title,
      case: which,
      median: round(median, 1),
      unit,
      ratio: round(median / (measured[0]?.median ?? Number.NaN), 4),
      spread: round(spread / median, 4),
      n,
    }));
  });
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
