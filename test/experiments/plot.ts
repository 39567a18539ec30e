// SPDX-License-Identifier: Apache-2.0
import type { TopLevelSpec } from 'vega-lite';
import type { Measurement } from './experiment.js';

export const SIZE = { width: 480, height: 240, background: 'white' } as const;

/** Medians as bars, with the distance of the quartiles. */
export const bars = (title: string, unit: string, measurements: Measurement[]): TopLevelSpec => ({
  ...SIZE,
  title,
  data: {
    values: measurements.map(({ case: which, median, spread }) => ({
      which,
      median,
      low: median - spread / 2,
      high: median + spread / 2,
    })),
  },
  encoding: {
    x: { field: 'which', type: 'nominal', sort: null, title: null, axis: { labelAngle: 0 } },
  },
  layer: [
    { mark: 'bar', encoding: { y: { field: 'median', type: 'quantitative', title: unit } } },
    {
      mark: 'rule',
      encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
    },
  ],
});

export interface Point {
  x: number;
  y: number;
  series: string;
}
export interface Mark {
  x: number;
  what: string;
}

/** Lines over time, with marks where something happened. */
export const timeline = (
  title: string,
  unit: string,
  points: Point[],
  marks: Mark[] = [],
): TopLevelSpec => ({
  ...SIZE,
  title,
  layer: [
    {
      data: { values: points },
      mark: { type: 'line', interpolate: 'step-after' },
      encoding: {
        x: { field: 'x', type: 'quantitative', title: 'seconds' },
        y: { field: 'y', type: 'quantitative', title: unit },
        color: { field: 'series', type: 'nominal', title: null },
      },
    },
    {
      data: { values: marks },
      mark: { type: 'rule', strokeDash: [4, 4] },
      encoding: { x: { field: 'x', type: 'quantitative' } },
    },
    {
      data: { values: marks },
      mark: { type: 'text', align: 'left', baseline: 'top', dx: 3, y: 2 },
      encoding: {
        x: { field: 'x', type: 'quantitative' },
        text: { field: 'what' },
      },
    },
  ],
});

export interface Happening {
  x: number;
  lane: string;
  series: string;
}

/** What happened when, on a lane for each place where it did. */
export const lanes = (title: string, order: string[], happenings: Happening[]): TopLevelSpec => ({
  ...SIZE,
  title,
  data: { values: happenings },
  mark: { type: 'tick', thickness: 2 },
  encoding: {
    x: { field: 'x', type: 'quantitative', title: 'seconds' },
    y: { field: 'lane', type: 'nominal', sort: order, title: null, scale: { domain: order } },
    color: { field: 'series', type: 'nominal', title: null },
  },
});

/** One below the other, each with colours of its own. */
export const stacked = (...plots: TopLevelSpec[]): TopLevelSpec => ({
  background: SIZE.background,
  vconcat: plots.map((plot) => ({ ...plot, background: undefined })) as [],
  resolve: { scale: { color: 'independent' } },
});
