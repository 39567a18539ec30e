// SPDX-License-Identifier: Apache-2.0
import { VERSION } from '@l45/bus';
import type { Catalogued } from '../catalogue/catalogued.js';
import type { Kernel } from '../kernel/kernels.js';
import { digestOf, type SourceTree, treeDigest } from '../source-tree.js';
import type { BuiltModule } from './built-module.entity.js';

/** Name of the core's artifact. */
export const CORE = 'l45';
const SYMBOLS = 'core.symvers';

/** One module to be made, with all that goes into it. */
export interface Order {
  /** Digest of all that goes into it. */
  key: string;
  name: string;
  version: string;
  /** SHA-256 over what it is written in, hex, whatever it is built for. */
  source: string;
  kernel: Kernel;
  /** Everything that make is to find in its folder. */
  tree: SourceTree;
  /** What kernel/Makefile is asked for, in a folder. */
  goal: (folder: string) => string[];
}

export function coreOrder(kernel: Kernel, compilerVersion: string, sources: SourceTree): Order {
  const { kernelRelease, arch } = kernel.target;
  const target = [kernelRelease, arch, kernel.identity, compilerVersion, VERSION];
  const source = treeDigest(sources);
  return {
    key: digestOf(CORE, ...target, source),
    name: CORE,
    version: VERSION,
    source,
    kernel,
    tree: below('kernel', sources),
    goal: () => ['module-core', `L45_VERSION=${VERSION}`],
  };
}

/** Whatever the core was made of goes into the key, since its symbols have checksums. */
export function customizationOrder(
  core: Order,
  built: BuiltModule,
  { customization: { name, version, source, sourceDigest }, files }: Catalogued,
): Order {
  return {
    key: digestOf(core.key, name, sourceDigest, ...source),
    name,
    version,
    source: sourceDigest,
    kernel: core.kernel,
    tree: new Map([...core.tree, ...below(name, files), [SYMBOLS, built.symbols]]),
    goal: (folder) => [
      'module-customization',
      `NAME=${name}`,
      `SRC=${folder}/${name}`,
      `SOURCES=${source.join(' ')}`,
      `SYMVERS=${folder}/${SYMBOLS}`,
    ],
  };
}

const below = (folder: string, tree: SourceTree): SourceTree =>
  new Map([...tree].map(([path, text]) => [`${folder}/${path}`, text]));
