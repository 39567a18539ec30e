// SPDX-License-Identifier: Apache-2.0
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
    const measured = CASES.map((which) =>
      (samples.get(`${name} ${which}`) ?? []).toSorted(ascending),
    );
    if (measured.some((values) => !values.length)) return [];
    const base = quantile(measured[0] ?? [], 0.5);
    return measured.map((values, i) => {
      const median = quantile(values, 0.5);
      return {
        workload: title,
        case: CASES[i] ?? 'none',
        median: round(median, 1),
        unit,
        ratio: round(median / base, 4),
        spread: round((quantile(values, 0.75) - quantile(values, 0.25)) / median, 4),
        n: values.length,
      };
    });
  });
}

const ascending = (a: number, b: number): number => a - b;

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Of sorted values, interpolated. */
function quantile(values: readonly number[], q: number): number {
  const at = q * (values.length - 1);
  const below = values[Math.floor(at)] ?? Number.NaN;
  const above = values[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at % 1);
}
