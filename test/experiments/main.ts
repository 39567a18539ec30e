// SPDX-License-Identifier: Apache-2.0
//
// npm run experiments -- [--quick] [name …]
//
// Repeats the dissertation's experiments and writes docs/results. --quick does less of each, and
// writes nothing.
import { SingleBar } from 'cli-progress';
import { parseArgs } from 'node:util';
import type { Experiment } from './experiment.js';
import { EXPERIMENTS } from './index.js';
import { Laboratory } from './laboratory.js';
import { writePage } from './page.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
});
const names = EXPERIMENTS.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length) {
  console.error(`no such experiment: ${unknown.join(', ')}; there are ${names.join(', ')}`);
  process.exit(2);
}

const scale = values.quick ? 'quick' : 'full';
const laboratory = new Laboratory();
try {
  for (const experiment of EXPERIMENTS) {
    if (positionals.length && !positionals.includes(experiment.name)) continue;
    await run(experiment);
    await laboratory.clear();
  }
} finally {
  await laboratory.stop();
}
process.exit();

async function run(experiment: Experiment): Promise<void> {
  const bar = new SingleBar({
    format: `${experiment.title} {bar} {percentage} %`,
    stopOnComplete: true,
  });
  bar.start(1, 0);
  const progress = (of: number): void => bar.increment(1 / of);
  const outcome = await experiment.run({ fleet: () => laboratory.fleet(), scale, progress });
  bar.stop();
  console.table(outcome.measurements);
  console.log(outcome.passed ? experiment.claim : `Did not hold: ${outcome.reason}`);
  if (!outcome.passed) process.exitCode = 1;
  if (scale === 'full') await writePage(experiment, outcome);
}
