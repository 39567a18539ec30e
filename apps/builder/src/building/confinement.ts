// SPDX-License-Identifier: Apache-2.0
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const NOBODY = 65534;
const MEMORY = 2 * 1024 ** 3;
const FILE = 256 * 1024 ** 2;

/**
 * Sources may come from anybody, and a compiler includes whatever file it is told to: it runs
 * without a network and, where we are root, as nobody.
 */
const ISOLATION = [
  [
    ...['unshare', '--net', '--', 'setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`],
    ...['--clear-groups', '--no-new-privs', '--'],
  ],
  ['unshare', '--map-current-user', '--net', '--'],
];

/** How a command is run: what to put before it, and to whom its folder has to belong. */
export interface Confinement {
  prefix: string[];
  owner?: number;
}

/** The strictest that this machine allows; containers often forbid namespaces. */
export async function strictestConfinement(): Promise<Confinement> {
  const root = process.getuid?.() === 0;
  for (const prefix of root ? ISOLATION : ISOLATION.slice(1)) {
    const [command = '', ...rest] = [...prefix, 'true'];
    const works = await run(command, rest).then(
      () => true,
      () => false,
    );
    if (works) return { prefix, owner: prefix.includes('setpriv') ? NOBODY : undefined };
  }
  return { prefix: [] };
}

/** Ends what takes too much time, memory or disk. */
export const limits = (seconds: number): string[] => [
  ...['timeout', '--kill-after=5', String(seconds)],
  ...['prlimit', `--cpu=${seconds}`, `--as=${MEMORY}`, `--fsize=${FILE}`, '--core=0', '--'],
];
