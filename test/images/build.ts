// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Native code of the agent, which is not bundled. */
const UNBUNDLED = ['koffi', '@koromix', 'netlink', 'node-gyp-build'];
const TAG = 'test';

/**
 * Builds images with build.sh and the Containerfile, but for the stage that installs packages and
 * compiles, which takes minutes: what it would make is taken from this checkout, in `folder`.
 */
export async function buildImages(folder: string, names: string[]): Promise<string[]> {
  const source = join(folder, 'src');
  await execa('node', ['scripts/build.mjs']);
  await cp('dist', join(source, 'dist'), { recursive: true });
  await execa('node', ['helm/images/bundle-request.mjs', join(source, 'dist/request')]);
  await execa('sh', ['helm/images/npm-packages.sh', join(source, 'dist/npm.cdx.json')]);
  await mkdir(join(source, 'node_modules'));
  for (const name of UNBUNDLED)
    await cp(`node_modules/${name}`, join(source, 'node_modules', name), { recursive: true });
  const base = 'localhost/l45-base';
  await execa('sh', ['helm/images/build.sh', ...names], {
    env: { NODE_BASE: base, DEBIAN_BASE: base, BUILT: folder, TAG },
  });
  return names.map((name) => `localhost/l45-${name}:${TAG}`);
}
