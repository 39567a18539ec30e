// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { arch, cpus, release } from 'node:os';
import { FOLDER, writePlot, writeText } from '../results/write.js';
import type { Experiment, Outcome } from './experiment.js';

/** Numbers as JSON, the plot as SVG, and a page that says what they mean. */
export async function writePage(experiment: Experiment, outcome: Outcome): Promise<void> {
  const { name, claim } = experiment;
  const { passed, measurements } = outcome;
  const environment = {
    machine: `${cpus().length} × ${cpus()[0]?.model ?? arch()}`,
    kernel: release(),
    node: process.version,
    hosts: 'QEMU, 2 virtual CPUs each, see test/testbed',
    at: new Date().toISOString(),
  };
  await writePlot(`${name}.svg`, outcome.plot);
  const raw = { experiment: name, claim, passed, measurements, environment };
  await writeText(`${name}.json`, JSON.stringify(raw));
  await writeText(`${name}.md`, page(experiment, outcome, environment));
  await writeText('README.md', await index(experiment, outcome));
}

function page(
  { name, title, question, setup, claim, prototype }: Experiment,
  { passed, reason, measurements, meaning }: Outcome,
  environment: Record<string, string>,
): string {
  const rows = measurements.map(
    ({ case: which, unit, median, spread, n }) =>
      `| ${which} | ${median.toPrecision(4)} ${unit} | ${spread.toPrecision(2)} | ${n} |`,
  );
  return `# ${title}

${question}

${setup}

**${claim}** ${passed ? 'It held.' : `It did not hold: ${reason}.`}

![${title}](${name}.svg)

| Case | Median | Quartiles apart | Trials |
|---|---|---|---|
${rows.join('\n')}

The dissertation's prototype: ${prototype}.

${meaning}

\`npm run experiments ${name}\`, ${environment.at}, ${environment.machine}; ${environment.hosts}.
Raw data: [${name}.json](${name}.json).
`;
}

const HEAD = `# Results

What \`npm run experiments\` and \`npm run bench:kernel\` found.

`;

/** A line an experiment; those of others stay as they are. */
async function index({ name, title, claim }: Experiment, { passed }: Outcome): Promise<string> {
  const line = `- [${title}](${name}.md): ${claim} ${passed ? 'Held.' : 'Did **not** hold.'}`;
  const before = await readFile(`${FOLDER}/README.md`, 'utf8').catch(() => '');
  const lines = before.split(/\n(?=- )|\n\n/).filter((text) => text.startsWith('- '));
  const others = lines
    .map((text) => text.replaceAll(/\s+/g, ' ').trim())
    .filter((text) => !text.includes(`](${name}.md)`));
  return `${HEAD}${[...others, line].toSorted().join('\n')}\n`;
}
