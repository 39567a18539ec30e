// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BuilderConfig } from '../builder.config.js';
import { diagnostics } from '../kernel/diagnostics.js';
import { writeTree } from '../source-tree.js';
import { type Confinement, limits, strictestConfinement } from './confinement.js';
import type { Order } from './order.js';

const run = promisify(execFile);

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Of what the compiler says. */
const OUTPUT_MAX = 16 * 1024 ** 2;
const TIMED_OUT = 124;

export interface Made {
  module: Buffer;
  /** Its Module.symvers. */
  symbols: string;
}

/** Runs make, the compiler and the linker, each time in a folder of its own. */
@Injectable()
export class Toolchain implements OnModuleInit, OnApplicationShutdown {
  readonly #stop = new AbortController();
  #confinement: Confinement = { prefix: [] };

  constructor(private readonly config: BuilderConfig) {}

  async onModuleInit(): Promise<void> {
    this.#confinement = await strictestConfinement();
  }

  onApplicationShutdown(): void {
    this.#stop.abort();
  }

  /** What the compiler and the linker say of themselves. */
  async version(compiler: string): Promise<string> {
    const ask = (command: string) => run(command, ['--version'], { env: { PATH, LC_ALL: 'C' } });
    const answers = await Promise.all([compiler, 'ld'].map(ask)).catch((cause: unknown) => {
      const message = `${compiler} and ld do not run where the builder runs: apt-get install ${compiler} binutils`;
      throw new L45Error('NO_HEADERS', message, [], { cause });
    });
    return answers.map(({ stdout }) => stdout).join('');
  }

  async make(order: Order): Promise<Made> {
    const folder = await mkdtemp(join(tmpdir(), 'l45-build-'));
    try {
      await writeTree(order.tree, folder);
      await mkdir(join(folder, 'out'));
      const { owner } = this.#confinement;
      if (owner !== undefined) await run('chown', ['-R', `${owner}:${owner}`, folder]);
      await this.#make(order, folder);
      return await made(join(folder, 'out'), order.name);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #make(order: Order, folder: string): Promise<void> {
    const [command = '', ...parameters] = [
      ...this.#confinement.prefix,
      ...limits(this.config.L45_BUILD_SECONDS),
      ...['make', '-C', `${folder}/kernel`, `-j${availableParallelism()}`],
      ...order.goal(folder),
      ...[`KDIR=${order.kernel.headers}`, `OUT=${folder}/out`],
    ];
    await run(command, parameters, {
      cwd: folder,
      env: environment(folder),
      maxBuffer: OUTPUT_MAX,
      signal: this.#stop.signal,
    }).catch((error: unknown) => {
      throw this.#explain(order, folder, error as ExecFileException);
    });
  }

  #explain({ name, kernel }: Order, folder: string, error: ExecFileException): unknown {
    if (typeof error.code !== 'number') return error;
    const what = `${name} does not compile for ${kernel.target.kernelRelease}`;
    if (error.code === TIMED_OUT) {
      const seconds = this.config.L45_BUILD_SECONDS;
      return new L45Error('COMPILE', `${what} within ${seconds} seconds (L45_BUILD_SECONDS)`);
    }
    const sources = `${folder}/out/build/${name}`;
    const output = `${error.stdout}${error.stderr}`;
    const findings = diagnostics(output, [`${sources}/src`, sources, folder]);
    const [first = { message: output.trim().split('\n').at(-1) ?? '' }] = findings;
    const where = first.file ? `${first.file}:${first.line}: ` : '';
    return new L45Error('COMPILE', `${what}: ${where}${first.message}`, findings, { cause: error });
  }
}

/** Make leaves one module, and below it what it was made from. */
async function made(out: string, name: string): Promise<Made> {
  const module = (await readdir(out)).find((file) => file.endsWith('.ko'));
  if (!module) throw new Error('make succeeded and left no module');
  return {
    module: await readFile(join(out, module)),
    symbols: await readFile(join(out, 'build', name, 'Module.symvers'), 'utf8'),
  };
}

/** The same for everybody, so that the same sources give the same bytes. */
const environment = (folder: string): NodeJS.ProcessEnv => ({
  PATH,
  LC_ALL: 'C',
  HOME: folder,
  TMPDIR: folder,
  KBUILD_BUILD_USER: 'l45',
  KBUILD_BUILD_HOST: 'l45',
  KCFLAGS: '-fmax-errors=50',
});
