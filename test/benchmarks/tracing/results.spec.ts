// SPDX-License-Identifier: Apache-2.0
import { summarize, table } from './results.js';

const measured = (requests: number, cpuMs: number) => ({ requests, cpuMs, seconds: 2 });
const SUBJECT = 'l45.monitor.hosts';

describe('costs of tracing', () => {
  it('are what each pair loses, however fast the machine was just then', () => {
    const result = summarize(SUBJECT, [
      { off: measured(1_000, 100), on: measured(970, 100) },
      { off: measured(100, 100), on: measured(98, 100) },
      { off: measured(2_000, 100), on: measured(1_920, 100) },
    ]);
    expect(result).toMatchObject({
      throughput: { off: 500, on: 485 },
      cpuUs: { off: 100, on: 103 },
      loss: { median: 0.03, n: 3 },
      met: true,
    });
    expect(table([result])).toContain('| 500/s | 485/s | 3.0 % ✓ |');
  });

  it('miss the target above five percent', () => {
    const result = summarize(SUBJECT, [{ off: measured(100, 1), on: measured(94, 1) }]);
    expect(result.met).toBe(false);
    expect(table([result])).toContain('6.0 % ✗');
  });
});
