// SPDX-License-Identifier: Apache-2.0
import type { Measurement } from './experiment.js';

export function measurement(name: string, unit: string, values: readonly number[]): Measurement {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    case: name,
    unit,
    median: quantile(sorted, 0.5),
    spread: quantile(sorted, 0.75) - quantile(sorted, 0.25),
    n: values.length,
  };
}

/** Of sorted values, interpolated. */
function quantile(sorted: readonly number[], q: number): number {
  const at = q * (sorted.length - 1);
  const [below = Number.NaN, above = below] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below + (above - below) * (at % 1);
}
