// SPDX-License-Identifier: Apache-2.0
//
// Bundles request.mjs into dist/request, or the folder that is given, beside the services of the
// image.

import { build } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { packagesOf } from '../../scripts/packages.mjs';

const folder = process.argv[2] ?? 'dist/request';
const outfile = `${folder}/main.js`;
const { metafile } = await build({
  entryPoints: ['helm/images/request.mjs'],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  metafile: true,
});
const [output] = Object.values(metafile.outputs);
writeFileSync(`${folder}/packages.json`, JSON.stringify(packagesOf(output)));
