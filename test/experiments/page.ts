// SPDX-License-Identifier: Apache-2.0
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, release } from 'node:os';
import { format, resolveConfig } from 'prettier';
import type { Experiment, Outcome } from './experiment.js';
import { draw } from './plot.js';

const FOLDER = 'docs/results';

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
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}/${name}.svg`, await draw(outcome.plot));
  const raw = { experiment: name, claim, passed, measurements, environment };
  await write(`${name}.json`, JSON.stringify(raw));
  await write(`${name}.md`, page(experiment, outcome, environment));
  await write('README.md', await index(experiment, outcome));
}

async function write(name: string, text: string): Promise<void> {
  const file = `${FOLDER}/${name}`;
  await writeFile(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
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
