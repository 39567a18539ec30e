// SPDX-License-Identifier: Apache-2.0
import type { ServiceName } from '@l45/contracts';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';

/** A service as it is shipped: the bundle, in a process of its own that can be killed. */
export class Service {
  private process?: ChildProcess;

  constructor(
    readonly name: ServiceName,
    private readonly environment: NodeJS.ProcessEnv,
    /** What it prints goes to `<name>.log` here. */
    private readonly folder: string,
  ) {}

  get pid(): number | undefined {
    return this.process?.pid;
  }

  start(): void {
    const log = openSync(join(this.folder, `${this.name}.log`), 'a');
    // setpriv: the service goes when we do, however we end.
    this.process = spawn(
      'setpriv',
      [
        '--pdeathsig',
        'KILL',
        process.execPath,
        '--enable-source-maps',
        `dist/${this.name}/main.js`,
      ],
      { env: { ...process.env, ...this.environment }, stdio: ['ignore', log, log] },
    );
  }

  /** Ends it and resolves with its exit code, or the signal that killed it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      return child?.exitCode ?? child?.signalCode ?? null;
    }
    child.kill(signal);
    await once(child, 'exit');
    return child.exitCode ?? child.signalCode;
  }
}
