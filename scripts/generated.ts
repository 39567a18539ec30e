// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const isCheck = process.argv.includes('--check');

const committed = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8') : undefined;

/** As prettier has files of this name. */
export const formatted = async (file: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(file)), filepath: file });

/**
 * Writes what differs from the committed files; with --check, names it and fails instead. A file
 * whose text is undefined should not be there.
 */
export function writeGenerated(files: Record<string, string | undefined>, command: string): void {
  for (const [file, text] of Object.entries(files)) {
    if (committed(file) === text) continue;
    if (isCheck) {
      console.error(`${file} is out of date; run: ${command}`);
      process.exitCode = 1;
    } else if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
  }
}
