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
  kernel: Kernel;
  /** Everything that make is to find in its folder. */
  tree: SourceTree;
  /** What kernel/Makefile is asked for, in a folder. */
  goal: (folder: string) => string[];
}

export function coreOrder(kernel: Kernel, compilerVersion: string, sources: SourceTree): Order {
  const { kernelRelease, arch } = kernel.target;
  const target = [kernelRelease, arch, kernel.identity, compilerVersion, VERSION];
  return {
    key: digestOf(CORE, ...target, treeDigest(sources)),
    name: CORE,
    kernel,
    tree: below('kernel', sources),
    goal: () => ['module-core', `L45_VERSION=${VERSION}`],
  };
}

/** Whatever the core was made of goes into the key, since its symbols have checksums. */
export function customizationOrder(
  core: Order,
  built: BuiltModule,
  { customization: { name, source }, files }: Catalogued,
): Order {
  return {
    key: digestOf(core.key, name, treeDigest(files), ...source),
    name,
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
