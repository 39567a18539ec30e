// SPDX-License-Identifier: Apache-2.0
import type { Assignment } from '@l45/contracts';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { explain, type InverseType, type LocalModule } from './inverse-type.js';

const run = promisify(execFile);
const ENTRY = 'layer45.lua';
const TIMEOUT_MS = 60_000;

/** One file in Wireshark's folder of plugins, which loads the modules from where they are. */
export class WiresharkType implements InverseType {
  readonly type = 'wireshark';
  readonly entry: string;

  constructor(private readonly folder: string) {
    this.entry = join(folder, ENTRY);
  }

  async install(assignments: Assignment[], modules: LocalModule[]): Promise<void> {
    if (assignments.length === 0) return rm(this.entry, { force: true });
    await mkdir(this.folder, { recursive: true });
    // Wireshark would load a file that ends with .lua.
    const next = `${this.entry}.new`;
    await writeFile(next, entryFile(assignments, modules));
    await check(next);
    await rename(next, this.entry);
  }
}

/** Loads it as Wireshark will, without the user's own plugins. */
async function check(file: string): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'l45-wireshark-'));
  const nothing = join(home, 'empty.pcap');
  try {
    await writeFile(nothing, EMPTY_CAPTURE);
    const parameters = ['-X', `lua_script:${file}`, '-r', nothing];
    const { stderr } = await run('tshark', parameters, {
      timeout: TIMEOUT_MS,
      env: { ...process.env, HOME: home },
    });
    // It goes on without a script that it can't load.
    const [, complaint] = /Lua: Error during loading:\s*(.*)/s.exec(stderr) ?? [];
    if (complaint) throw new Error(complaint.trim().split('\n')[0]);
  } catch (cause) {
    throw explain('tshark', 'apt-get install tshark', cause);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** The header of a pcap file, of Ethernet. */
const EMPTY_CAPTURE = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');

export function entryFile(assignments: Assignment[], modules: LocalModule[]): string {
  const library = modules[0]?.paths[0];
  const own = modules.map(({ paths }) => `  dofile(${lua(paths.at(-1))}),`);
  return [
    '-- Written by the agent of this middlebox.',
    `local l45 = dofile(${lua(library)})`,
    'l45.install({',
    ...own,
    `}, ${lua(assignments.map(deploymentOf))}, ...)`,
    '',
  ].join('\n');
}

const deploymentOf = ({ deployment, customization, params, ends }: Assignment) => ({
  deployment,
  customization,
  params,
  ends,
});

/** A value as Lua writes it. */
function lua(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return quoted(Buffer.from(value));
  if (Array.isArray(value)) return `{ ${value.map(lua).join(', ')} }`;
  const entries = Object.entries(value as object);
  if (entries.length === 1 && entries[0]?.[0] === 'hex') {
    return quoted(Buffer.from(String(entries[0][1]), 'hex'));
  }
  return `{ ${entries.map(([key, entry]) => `[${lua(key)}] = ${lua(entry)}`).join(', ')} }`;
}

/** Only what can't mean anything else stays as it is. */
const quoted = (bytes: Buffer): string => {
  const text = [...bytes].map((byte) => {
    const letter = String.fromCharCode(byte);
    return /[\w ./:-]/.test(letter) ? letter : `\\${String(byte).padStart(3, '0')}`;
  });
  return `"${text.join('')}"`;
};
