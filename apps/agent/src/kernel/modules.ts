// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { CORE } from './kernel.gateway.js';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;
/** Where Debian has kmod, which isn't on everybody's path. */
const PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

const ADVICE: [RegExp, string][] = [
  [/not permitted/, 'run the agent with CAP_SYS_MODULE'],
  [/Invalid module format/, 'it was built for another kernel than the one that runs'],
  [/Unknown symbol/, 'the core module (l45) is not loaded, or an older one'],
  [/Key was rejected|Required key/, 'the kernel only loads modules with a signature it trusts'],
  [/in use/, 'sockets or instances still use it'],
];

/** Name of the kernel module of an artifact. */
const moduleOf = (name: string): string => (name === CORE ? CORE : `${CORE}_${name}`);

export const insertModule = (name: string, file: string): Promise<void> =>
  kmod('insmod', [file], `load ${moduleOf(name)}`);

export const removeModule = (name: string): Promise<void> =>
  kmod('rmmod', [moduleOf(name)], `unload ${moduleOf(name)}`);

/** The checksum by which a loaded module is told; undefined while it is not loaded. */
export async function loadedSrcversion(name: string): Promise<string | undefined> {
  try {
    return (await readFile(`/sys/module/${moduleOf(name)}/srcversion`, 'utf8')).trim();
  } catch {
    return undefined;
  }
}

async function kmod(program: string, args: string[], action: string): Promise<void> {
  try {
    await run(program, args, { timeout: TIMEOUT_MS, env: { PATH, LC_ALL: 'C' } });
  } catch (cause) {
    throw explain(action, program, cause as Error & { stderr?: string; code?: unknown });
  }
}

function explain(
  action: string,
  program: string,
  cause: Error & { stderr?: string; code?: unknown },
): L45Error {
  if (cause.code === 'ENOENT') {
    return new L45Error('KERNEL', `cannot ${action}: install kmod, which has ${program}`);
  }
  const said = cause.stderr?.trim() || cause.message;
  const advice = ADVICE.find(([pattern]) => pattern.test(said))?.[1] ?? 'dmesg tells more';
  return new L45Error('KERNEL', `cannot ${action}: ${said}; ${advice}`, [{ message: said }], {
    cause,
  });
}
