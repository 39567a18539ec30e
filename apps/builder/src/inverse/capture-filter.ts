// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { execFile, type ExecFileException } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BuilderConfig } from '../builder.config.js';
import { type Confinement, limits, strictestConfinement } from '../building/confinement.js';
import type { Catalogued } from '../catalogue/catalogued.js';
import { diagnostics } from '../kernel/diagnostics.js';
import { type SourceTree, writeTree } from '../source-tree.js';

const run = promisify(execFile);
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The filter, and the customization as it loads it. */
export interface Built {
  filter: Buffer;
  module: Buffer;
}

/** Compiles the filter of captures, and customizations for it, for machines like this one. */
@Injectable()
export class CaptureFilter implements OnModuleInit {
  #confinement: Confinement = { prefix: [] };

  constructor(private readonly config: BuilderConfig) {}

  async onModuleInit(): Promise<void> {
    this.#confinement = await strictestConfinement();
  }

  async build(
    { customization: { name, source }, files }: Catalogued,
    tree: SourceTree,
  ): Promise<Built> {
    const folder = await mkdtemp(join(tmpdir(), 'l45-inverse-'));
    const out = join(folder, 'out');
    try {
      await writeTree(tree, join(folder, 'kernel'));
      await writeTree(files, join(folder, name));
      await mkdir(out);
      const { owner } = this.#confinement;
      if (owner !== undefined) await run('chown', ['-R', `${owner}:${owner}`, folder]);
      const wanted = [`NAME=${name}`, `SRC=${folder}/${name}`, `SOURCES=${source.join(' ')}`];
      await this.#make(name, folder, ['all', 'customization', `OUT=${out}`, ...wanted]);
      const [filter, module] = await Promise.all([
        readFile(join(out, 'l45-pcap')),
        readFile(join(out, `${name}.so`)),
      ]);
      return { filter, module };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #make(name: string, folder: string, goal: string[]): Promise<void> {
    const [command = '', ...parameters] = [
      ...this.#confinement.prefix,
      ...limits(this.config.L45_BUILD_SECONDS),
      ...['make', '-s', '-C', `${folder}/kernel/inverse/pcap`, ...goal],
    ];
    const environment = { PATH, LC_ALL: 'C', HOME: folder, TMPDIR: folder };
    await run(command, parameters, { cwd: folder, env: environment }).catch((error: unknown) => {
      const { code, stdout = '', stderr = '' } = error as ExecFileException;
      if (typeof code !== 'number') throw error;
      const output = `${stdout}${stderr}`;
      const findings = diagnostics(output, [join(folder, name), folder]);
      const [first = { message: output.trim().split('\n').at(-1) ?? '' }] = findings;
      const what = `the inverse module of ${name} does not compile: ${first.message}`;
      throw new L45Error('COMPILE', what, findings, { cause: error });
    });
  }
}
