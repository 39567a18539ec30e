// SPDX-License-Identifier: Apache-2.0
//
// sbom.mjs <image> <version> <npm.cdx.json>: writes the bill of materials of an image, as CycloneDX,
// to standard output. The present folder has the applications, each with a list of the npm packages
// that are bundled with it, and those that are not; standard input lists Debian packages: name,
// version, architecture.

import { existsSync, readdirSync, readFileSync } from 'node:fs';

const [image, version, catalogue] = process.argv.slice(2);
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const foldersIn = (folder) =>
  existsSync(folder) ? readdirSync(folder).map((name) => `${folder}/${name}`) : [];

const bundled = foldersIn('dist').flatMap((app) => read(`${app}/packages.json`));
const unbundled = foldersIn('node_modules')
  .flatMap((folder) => (folder.includes('/@') ? foldersIn(folder) : folder))
  .map((folder) => read(`${folder}/package.json`))
  .map(({ name, version: its }) => `${name}@${its}`);

const known = new Map(read(catalogue).components.map((one) => [one['bom-ref'], one]));
const npm = [...new Set([...bundled, ...unbundled])].toSorted().map((name) => {
  if (!known.has(name)) throw new Error(`${name} is not in the lockfile`);
  const { scope: _, ...component } = known.get(name);
  return component;
});

const debian = readFileSync(0, 'utf8')
  .trim()
  .split('\n')
  .map((line) => {
    const [name, its, arch] = line.split(' ');
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(its)}?arch=${arch}&distro=debian-12`;
    return { 'bom-ref': purl, type: 'library', name, version: its, purl };
  });

const node = process.versions.node;
const runtime = {
  'bom-ref': `node@${node}`,
  type: 'platform',
  name: 'node',
  version: node,
  purl: `pkg:generic/node@${node}`,
  cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
};

const document = {
  $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: { component: { 'bom-ref': image, type: 'container', name: image, version } },
  components: [runtime, ...debian, ...npm],
};
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
