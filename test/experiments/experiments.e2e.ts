// SPDX-License-Identifier: Apache-2.0
import { START_MS } from '../fleet/index.js';
import { draw } from '../results/write.js';
import { EXPERIMENTS } from './index.js';
import { Laboratory } from './laboratory.js';

const laboratory = new Laboratory();
afterEach(() => laboratory.clear(), 60_000);
afterAll(() => laboratory.stop(), 60_000);

it.each(EXPERIMENTS)(
  '$title: $claim',
  async (experiment) => {
    const outcome = await experiment.run({
      fleet: () => laboratory.fleet(),
      scale: 'quick',
      progress: () => undefined,
    });
    expect(outcome.passed ? 'held' : outcome.reason).toBe('held');
    expect(await draw(outcome.plot)).toMatch(/^<svg/);
    for (const { n, median } of outcome.measurements) {
      expect(n).toBeGreaterThan(0);
      expect(median).toBeGreaterThan(0);
    }
  },
  START_MS + 400_000,
);
