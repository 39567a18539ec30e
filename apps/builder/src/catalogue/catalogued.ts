// SPDX-License-Identifier: Apache-2.0
import type { Customization, CustomizationManifest } from '@l45/contracts';
import { type SourceTree, treeDigest } from '../source-tree.js';
import { checkSources } from './source-files.js';

/** A customization with what it is built from. */
export interface Catalogued {
  customization: Customization;
  /** Text of its customization.yaml. */
  manifest: string;
  files: SourceTree;
}

export function catalogued(
  origin: Customization['origin'],
  parsed: CustomizationManifest,
  manifest: string,
  files: SourceTree,
): Catalogued {
  checkSources(parsed, files);
  return { customization: { ...parsed, sourceDigest: treeDigest(files), origin }, manifest, files };
}
