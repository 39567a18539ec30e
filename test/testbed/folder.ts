// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Folder {
  path: string;
  remove(): Promise<void>;
}

/**
 * A temporary folder that goes when this process does, however it ends: a shell waits for the end
 * of a pipe that only we hold, in a session of its own that no Ctrl-C reaches.
 */
export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'l45-testbed-'));
  const remover = spawn('sh', ['-c', 'read -r _; rm -rf -- "$1"', 'sh', path], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  remover.unref();
  return {
    path,
    async remove() {
      const gone = once(remover, 'exit');
      remover.ref();
      remover.stdin.end();
      await gone;
    },
  };
}
