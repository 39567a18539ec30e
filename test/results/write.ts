// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

export const FOLDER = 'docs/results';

/** JSON or Markdown. */
export async function writeText(name: string, text: string): Promise<void> {
  const file = `${FOLDER}/${name}`;
  await mkdir(FOLDER, { recursive: true });
  await writeFile(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}

export async function writePlot(name: string, spec: TopLevelSpec): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}/${name}`, await draw(spec));
}

/** As SVG. */
export const draw = (spec: TopLevelSpec): Promise<string> =>
  new View(parse(compile(spec).spec), { renderer: 'none' }).toSVG();
