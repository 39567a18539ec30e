// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Relative path → content. */
export type SourceTree = ReadonlyMap<string, string>;

/** Reads the files below a folder whose path, relative to it, is wanted. */
export async function readTree(
  folder: string,
  wanted: (path: string) => boolean,
): Promise<SourceTree> {
  const paths = (await readdir(folder, { recursive: true })).filter(wanted).toSorted();
  const texts = await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')));
  return new Map(paths.map((path, index) => [path, texts[index] ?? '']));
}

export async function writeTree(tree: SourceTree, folder: string): Promise<void> {
  for (const [path, text] of tree) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

/** SHA-256, hex, over names and contents, whatever their order. */
export function treeDigest(tree: SourceTree): string {
  return digestOf(...[...tree].toSorted(([a], [b]) => (a < b ? -1 : 1)).flat());
}

/** SHA-256, hex, over texts and where each ends. */
export function digestOf(...texts: string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}\n${text}`);
  return hash.digest('hex');
}
