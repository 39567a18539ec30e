// SPDX-License-Identifier: Apache-2.0
import type { ErrorDetail } from '@l45/contracts';

const COMPILER =
  /^(?<file>[^\s:]+):(?<line>\d+):(?:(?<column>\d+):)? (?:fatal )?error: (?<message>.*)$/;
const MODPOST = /^ERROR: modpost: (?<message>.*)$/;
const LIMIT = 50;

/** What the compiler and modpost found, with file names relative to one of these folders. */
export function diagnostics(output: string, folders: string[]): ErrorDetail[] {
  return folders
    .reduce((text, folder) => text.replaceAll(`${folder}/`, ''), output)
    .split('\n')
    .flatMap((line) => finding(line) ?? [])
    .slice(0, LIMIT);
}

function finding(text: string): ErrorDetail | undefined {
  const compiler = COMPILER.exec(text)?.groups;
  if (compiler) {
    const { file, line, column, message = '' } = compiler;
    return { file, line: Number(line), ...(column && { column: Number(column) }), message };
  }
  const message = MODPOST.exec(text)?.groups?.['message'];
  return message === undefined ? undefined : { message };
}
