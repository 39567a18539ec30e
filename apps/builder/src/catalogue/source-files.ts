// SPDX-License-Identifier: Apache-2.0
import { type CustomizationManifest, type ErrorDetail, L45Error } from '@l45/contracts';
import type { SourceTree } from '../source-tree.js';

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.[ch]$/;
/** Written by modpost, next to the sources. */
const GENERATED = /\.mod\.c$/;
const BYTES_MAX = 512 * 1024;

/** Whether it is the name of a source file: in the folder itself, no option, not hidden. */
export const isSourceFile = (name: string): boolean => NAME.test(name) && !GENERATED.test(name);

/** The files of a request; throws unless all of them are sources. */
export function sourceFiles(files: Record<string, unknown>): SourceTree {
  const findings = Object.entries(files).flatMap(([name, text]) => fileFindings(name, text));
  if (findings.length) throw refuse(findings);
  const tree = new Map(Object.entries(files as Record<string, string>));
  const bytes = [...tree.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= BYTES_MAX) return tree;
  throw refuse([
    { field: 'files', rule: 'maxBytes', message: `must not exceed ${BYTES_MAX} bytes` },
  ]);
}

/** The manifest may only name sources that are there. */
export function checkSources({ source }: CustomizationManifest, files: SourceTree): void {
  const absent = source.filter((name) => !files.has(name));
  if (!absent.length) return;
  throw refuse(
    absent.map((name) => ({
      field: 'source',
      rule: 'exists',
      message: `${name} is not among the files`,
    })),
  );
}

function fileFindings(name: string, text: unknown): ErrorDetail[] {
  const field = `files.${name}`;
  if (!isSourceFile(name)) {
    const message = 'must be the name of a C source or header, without folders';
    return [{ field, rule: 'matches', message }];
  }
  return typeof text === 'string' ? [] : [{ field, rule: 'isString', message: 'must be text' }];
}

const refuse = (details: ErrorDetail[]): L45Error =>
  new L45Error('VALIDATION', 'the source files are not valid; details say why', details);
