// SPDX-License-Identifier: Apache-2.0
import type { Target } from '@l45/contracts';
import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A module as a host loads it. */
export interface Module {
  name: string;
  bytes: Buffer;
  srcversion: string;
}

/** Modules for the kernel of virtual hosts, for a cloud whose other hosts are simulated. */
export class RealModules {
  private constructor(
    private readonly kernelRelease: string,
    private readonly folder: string,
  ) {}

  static async build(
    kernelRelease: string,
    customizations: readonly string[],
    folder: string,
  ): Promise<RealModules> {
    const make = (...what: string[]) =>
      execa('make', [
        ...['-s', '-C', 'kernel', ...what],
        `OUT=${folder}`,
        `KDIR=/usr/src/linux-headers-${kernelRelease}`,
      ]);
    await make('module-core');
    for (const name of customizations) await make('module-customization', `NAME=${name}`);
    return new RealModules(kernelRelease, folder);
  }

  /** Undefined for a kernel that is simulated. */
  async find(name: string, { kernelRelease }: Target): Promise<Module | undefined> {
    if (kernelRelease !== this.kernelRelease) return undefined;
    const file = name === 'l45' ? name : `l45_${name}`;
    const bytes = await readFile(join(this.folder, `${file}.ko`));
    const [, srcversion = ''] = /\0srcversion=(\w+)\0/.exec(bytes.toString('latin1')) ?? [];
    return { name, bytes, srcversion };
  }
}
