// SPDX-License-Identifier: Apache-2.0
import { Fleet, START_MS } from '../fleet/index.js';
import { draw } from '../results/write.js';
import { EXPERIMENTS } from './index.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
}, START_MS);
afterAll(() => fleet?.stop(), 60_000);

it.each(EXPERIMENTS)(
  '$title: $claim',
  async (experiment) => {
    const outcome = await experiment.run({ fleet, scale: 'quick', progress: () => undefined });
    expect(outcome.passed ? 'held' : outcome.reason).toBe('held');
    expect(await draw(outcome.plot)).toMatch(/^<svg/);
    for (const { n, median } of outcome.measurements) {
      expect(n).toBeGreaterThan(0);
      expect(median).toBeGreaterThan(0);
    }
  },
  400_000,
);
