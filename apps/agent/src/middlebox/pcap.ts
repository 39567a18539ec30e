// SPDX-License-Identifier: Apache-2.0
import { type Assignment, type Endpoint, L45Error, type Match } from '@l45/contracts';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { explain, type InverseType, type LocalModule } from './inverse-type.js';

const run = promisify(execFile);
const FILTER = 'l45-pcap';
const TIMEOUT_MS = 10_000;

/** Instances for l45-pcap, and the filter itself: `<folder>/l45-pcap <folder>/instances`. */
export class PcapType implements InverseType {
  readonly type = 'pcap';

  constructor(private readonly folder: string) {}

  async install(assignments: Assignment[], modules: LocalModule[]): Promise<void> {
    const filter = join(this.folder, FILTER);
    if (assignments.length === 0) return rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder, { recursive: true });
    const [first] = modules.flatMap(({ paths }) => paths);
    if (first) {
      // A running program can't be written to, but replaced.
      await copyFile(first, `${filter}.new`);
      await chmod(`${filter}.new`, 0o755);
    }
    const instances = join(this.folder, 'instances');
    await writeFile(`${instances}.new`, instancesFile(assignments, modules));
    await this.check(`${filter}.new`, `${instances}.new`);
    await rename(`${filter}.new`, filter);
    await rename(`${instances}.new`, instances);
  }

  private async check(filter: string, instances: string): Promise<void> {
    await run(filter, ['--check', instances], { timeout: TIMEOUT_MS }).catch((cause: unknown) => {
      throw explain(FILTER, 'the middlebox may be of another architecture', cause);
    });
  }
}

/** As kernel/inverse/pcap/README.md has it. */
export const instancesFile = (assignments: Assignment[], modules: LocalModule[]): string =>
  assignments.flatMap((assignment) => instanceLines(assignment, modules)).join('\n') + '\n';

function instanceLines(assignment: Assignment, modules: LocalModule[]): string[] {
  const { deployment, customization, params, ends } = assignment;
  const file = modules.find((module) => module.customization === customization)?.paths.at(-1);
  if (!file) throw new L45Error('UNKNOWN_INVERSE', `no module of ${customization} was assigned`);
  return [
    `instance ${deployment} ${file}`,
    ...Object.entries(params).map(([name, value]) => `param ${name} ${textOf(value)}`),
    ...ends.flatMap(({ role, match }) => [`end ${role}`, ...matchLines(match)]),
  ];
}

/** As the C reader takes it: bytes in hexadecimal, booleans as numbers. */
function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'object' && value !== null && 'hex' in value) return String(value.hex);
  return String(value).replaceAll('\n', ' ');
}

const matchLines = ({ protocols = [], local, remote }: Match): string[] => [
  ...protocols.map((protocol) => `protocol ${protocol}`),
  ...sideLines('local', local),
  ...sideLines('remote', remote),
];

const sideLines = (side: string, { prefixes = [], ports = [] }: Endpoint = {}): string[] => [
  ...prefixes.map((prefix) => `${side}-prefix ${prefix}`),
  ...ports.map((port) => `${side}-port ${port}`),
];
