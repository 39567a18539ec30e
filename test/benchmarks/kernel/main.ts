// SPDX-License-Identifier: Apache-2.0
//
// npm run bench:kernel -- [--rounds N] [--samples N] [workload …]
//
// Counts what the tap costs in instructions, under QEMU, and writes docs/results/kernel-cost.*
// when every workload was measured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { FOLDER, writePlot, writeText } from '../../results/write.js';
import { plot } from './plot.js';
import { readSamples, summarize } from './results.js';
import { table } from './table.js';
import { judge } from './verdict.js';
import { WORKLOADS } from './workloads.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    samples: { type: 'string', default: '5' },
  },
});
const chosen = positionals.length ? positionals : WORKLOADS.map(({ name }) => name);
const unknown = chosen.filter((name) => !WORKLOADS.some((workload) => workload.name === name));
if (unknown.length) {
  console.error(
    `no such workload: ${unknown.join(', ')}; there are ${WORKLOADS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

const results = summarize(readSamples(await count()));
console.log(`\n${table(results)}\n`);
console.log('Medians; ± is half the distance of the quartiles, the worst of the three cases.');
const missed = judge(results).filter(({ met }) => !met);
for (const { workload, case: which, cost, target } of missed) {
  console.log(`target missed: ${workload}, ${which}: ${cost}, not ${target}`);
}
if (positionals.length) {
  console.log('docs/results stays as it is: that takes every workload.');
} else {
  await write();
}

/** Boots the guest and returns what it printed. */
async function count(): Promise<string> {
  const make = spawn(
    'make',
    [
      '-s',
      '-C',
      'kernel',
      'bench',
      `ROUNDS=${values.rounds}`,
      `SAMPLES=${values.samples}`,
      `WORKLOADS=${chosen.join(' ')}`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const lines: string[] = [];
  createInterface(make.stdout).on('line', (line) => {
    lines.push(line);
    if (line.startsWith('round')) console.log(`${line} of ${values.rounds}`);
  });
  const [status] = (await once(make, 'close')) as [number | null];
  if (status) {
    console.error(lines.slice(-40).join('\n'));
    console.error('the benchmark failed; above is what the guest said last');
    process.exit(1);
  }
  return lines.join('\n');
}

async function write(): Promise<void> {
  await writeText('kernel-cost.json', JSON.stringify(results));
  await writePlot('kernel-cost.svg', plot(results));
  console.log(`written: ${FOLDER}/kernel-cost.json and .svg`);
}
