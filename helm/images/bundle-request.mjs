// SPDX-License-Identifier: Apache-2.0
//
// Bundles request.mjs into dist/request/main.js, beside the services of the image.

import { build } from 'esbuild';

await build({
  entryPoints: ['helm/images/request.mjs'],
  outfile: process.argv[2] ?? 'dist/request/main.js',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
});
