// SPDX-License-Identifier: Apache-2.0
import { draw } from '../../results/write.js';
import { plot } from './plot.js';
import { readSamples, summarize } from './results.js';
import { table } from './table.js';
import { judge } from './verdict.js';

const OUTPUT = `
init: kernel/test/bench/cost
round 1
cost udp none 1000.0 1004.0\r
cost memory-udp none 1000
cost udp loaded 1001.0 1003.0
cost memory-udp loaded 1010
cost udp active 1100.0 1200.0
cost memory-udp active 4000
round 2
cost udp none 1002.0
cost udp loaded 1002.0
cost udp active 1150.0
cost tcp-ping none 5.0
`;
const results = summarize(readSamples(OUTPUT));

describe('costs of the tap', () => {
  it('are medians over all rounds, relative to no module', () => {
    expect(results.filter(({ unit }) => unit === 'instructions/query')).toEqual([
      expect.objectContaining({ case: 'none', median: 1002, ratio: 1, n: 3, spread: 0.002 }),
      expect.objectContaining({ case: 'loaded', median: 1002, ratio: 1, n: 3 }),
      expect.objectContaining({ case: 'active', median: 1150, ratio: 1.1477, n: 3 }),
    ]);
  });

  it('leave out a workload that was not measured in every case', () => {
    expect(results.some(({ workload }) => workload.includes('ping'))).toBe(false);
  });

  it('are judged as a ratio, or as bytes more', () => {
    expect(judge(results).map(({ case: which, cost, met }) => [which, cost, met])).toEqual([
      ['loaded', '1.000', true],
      ['active', '1.148', false],
      ['loaded', '+10 B', true],
      ['active', '+3000 B', false],
    ]);
  });

  it('are shown beside target and prototype', () => {
    expect(table(results)).toMatch(/UDP, one socket +\| 1002 .*1\.000 ✓.*1\.014.*1\.148 ✗.*1\.134/);
  });

  it('are drawn', async () => {
    const svg = await draw(plot(results));
    expect(svg).toMatch(/^<svg[\s\S]*UDP, one socket[\s\S]*<\/svg>$/);
    expect(svg).not.toContain('NaN');
  });
});
