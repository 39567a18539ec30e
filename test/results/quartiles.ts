// SPDX-License-Identifier: Apache-2.0

/** What is said of repeated trials. */
export interface Quartiles {
  median: number;
  /** Distance of the quartiles. */
  spread: number;
  /** Trials. */
  n: number;
}

export function quartilesOf(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b);
  return {
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
