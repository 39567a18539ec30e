// SPDX-License-Identifier: Apache-2.0
import type { TopLevelSpec } from 'vega-lite';
import type { Result } from './results.js';
import { WORKLOADS } from './workloads.js';

/** What each workload costs more than without a module, in percent, with a tick at its target. */
export function plot(results: readonly Result[]): TopLevelSpec {
  const rows = WORKLOADS.flatMap(({ title, target }) =>
    results
      .filter((one) => one.workload === title && one.case !== 'none' && one.unit !== 'bytes')
      .map((one) => {
        const limit = target[one.case === 'loaded' ? 'loaded' : 'active'];
        return {
          workload: title,
          case: one.case,
          cost: 100 * (one.ratio - 1),
          target: 'ratio' in limit ? 100 * (limit.ratio - 1) : null,
        };
      }),
  );
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: 'Instructions added by the tap (tick: target)',
    background: 'white',
    data: { values: rows },
    width: 480,
    height: { step: 12 },
    encoding: {
      y: { field: 'workload', type: 'nominal', sort: null, title: null, axis: { labelLimit: 300 } },
      yOffset: { field: 'case', sort: ['loaded', 'active'] },
    },
    layer: [
      {
        mark: 'bar',
        encoding: {
          x: { field: 'cost', type: 'quantitative', title: 'added to no module, %' },
          color: { field: 'case', type: 'nominal', sort: ['loaded', 'active'], title: null },
        },
      },
      {
        mark: { type: 'tick', color: 'black', thickness: 1.5 },
        encoding: { x: { field: 'target', type: 'quantitative' } },
      },
    ],
  };
}
