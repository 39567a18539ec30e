// SPDX-License-Identifier: Apache-2.0
import { L45Error, type Target } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { machine } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../source-tree.js';

/** A kernel that can be built for. */
export interface Kernel {
  target: Target;
  /** Folder of its headers. */
  headers: string;
  /** Command of the compiler that the kernel was built with. */
  compiler: string;
  /** Changes when the headers do, even under the same release. */
  identity: string;
}

const MODULES = '/lib/modules';
const HEADERS = '/usr/src';
const PREFIX = 'linux-headers-';
/** What a binary depends on most: the configuration, the symbols, the exact release. */
const IDENTITY = ['.config', 'Module.symvers', 'include/generated/compile.h'];

/** The kernels whose headers are installed. */
@Injectable()
export class Kernels {
  async list(): Promise<Target[]> {
    const [modules, sources] = await Promise.all([entries(MODULES), entries(HEADERS)]);
    const releases = new Set([
      ...modules,
      ...sources.filter((name) => name.startsWith(PREFIX)).map((name) => name.slice(PREFIX.length)),
    ]);
    const found = await Promise.all([...releases].toSorted().map(installed));
    return found.flatMap((kernel) => (kernel?.target.arch === machine() ? [kernel.target] : []));
  }

  async find({ kernelRelease, arch }: Target): Promise<Kernel> {
    if (arch !== machine())
      throw new L45Error(
        'UNSUPPORTED_TARGET',
        `this builder builds for ${machine()} only, not for ${arch}`,
      );
    const kernel = await installed(kernelRelease);
    if (kernel?.target.arch === arch) return kernel;
    const name = `${PREFIX}${kernelRelease}`;
    throw new L45Error(
      'NO_HEADERS',
      `the headers of kernel ${kernelRelease} are not installed where the builder runs: apt-get install ${name}`,
      [{ message: 'install this Debian package', package: name }],
    );
  }
}

const entries = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

async function installed(release: string): Promise<Kernel | undefined> {
  const headers = [join(MODULES, release, 'build'), join(HEADERS, `${PREFIX}${release}`)].find(
    (folder) => existsSync(join(folder, 'Module.symvers')),
  );
  if (!headers) return undefined;
  const read = (path: string) => readFile(join(headers, path), 'utf8');
  const [config = '', symbols = '', compile = ''] = await Promise.all(IDENTITY.map(read));
  // Guards against a release such as `..` as well.
  if (!(await read('include/generated/utsrelease.h')).includes(`"${release}"`)) return undefined;
  return {
    target: { kernelRelease: release, arch: /UTS_MACHINE\s+"(.*)"/.exec(compile)?.[1] ?? '' },
    headers,
    compiler: /^CONFIG_CC_VERSION_TEXT="(\S+)/m.exec(config)?.[1] ?? 'gcc',
    identity: digestOf(config, symbols, compile),
  };
}
