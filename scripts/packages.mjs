// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';

/** The npm packages, name@version, that esbuild put into a bundle; for its bill of materials. */
export function packagesOf({ inputs }) {
  const folders = Object.keys(inputs).map(
    (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0],
  );
  const packages = [...new Set(folders)].filter(Boolean).map((folder) => {
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
    return `${name}@${version}`;
  });
  return [...new Set(packages)].toSorted();
}
