// SPDX-License-Identifier: Apache-2.0
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';

/** What a virtual host is booted from; all of it lies in the cache. */
export interface Prepared {
  cache: string;
  /** Kernel release, as `uname -r` says it in a virtual host. */
  release: string;
  vmlinux: string;
  /** `/lib/modules/<release>` of the virtual hosts, with `build` pointing to the headers. */
  modules: string;
  initramfs: string;
}

/** What must be loaded before the root can be mounted and the test can reach the host. */
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay', 'virtio_console', 'virtio_net'];

/**
 * Builds what virtual hosts boot from, unless the cache has it already. The kernel itself and the
 * Debian packages come from `scripts/install/testbed.sh`.
 */
export async function prepareTestbed(): Promise<Prepared> {
  const cache = cacheFolder();
  const release = await readlink(join(cache, 'kernel/current')).catch((cause: unknown) => {
    throw new Error('no kernel for virtual hosts yet: run scripts/install/testbed.sh', { cause });
  });
  const kernel = join(cache, 'kernel', release);
  const prepared = {
    cache,
    release,
    vmlinux: join(kernel, 'vmlinux'),
    modules: join(kernel, 'lib/modules', release),
    initramfs: join(cache, 'initramfs', `${await contentKey(release)}.cpio`),
  };
  if (!existsSync(prepared.initramfs)) await buildInitramfs(kernel, release, prepared.initramfs);
  return prepared;
}

function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['L45_CACHE'] ?? join(base, 'layer45');
}

const guestSource = (name: string): string => join('test/testbed/guest', name);

async function contentKey(release: string): Promise<string> {
  const hash = createHash('sha256').update(`${release} ${MODULES.join()}`);
  for (const name of ['init', 'guestd.c']) hash.update(await readFile(guestSource(name)));
  return hash.digest('hex').slice(0, 16);
}

async function buildInitramfs(kernel: string, release: string, target: string): Promise<void> {
  const work = `${target}.${randomUUID()}`;
  const tree = join(work, 'tree');
  await mkdir(tree, { recursive: true });
  try {
    for (const folder of ['bin', 'dev', 'proc', 'sys', 'lower', 'upper', 'root', 'modules']) {
      await mkdir(join(tree, folder));
    }
    await access('/bin/busybox');
    await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
    await copyFile(guestSource('init'), join(tree, 'init'));
    await chmod(join(tree, 'init'), 0o755);
    await execa('gcc', ['-static', '-O2', '-o', join(tree, 'guestd'), guestSource('guestd.c')]);

    const modules = await modulesInOrder(kernel, release);
    for (const file of modules) await copyFile(file, join(tree, 'modules', basename(file)));
    const order = modules.map((file) => `${basename(file)}\n`).join('');
    await writeFile(join(tree, 'modules/order'), order);

    const archive = join(work, 'initramfs.cpio');
    await execa('sh', ['-c', 'find . | busybox cpio -o -H newc >"$1"', 'sh', archive], {
      cwd: tree,
    });
    await rename(archive, target);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function modulesInOrder(kernel: string, release: string): Promise<string[]> {
  const { stdout } = await execa(
    'modprobe',
    ['-D', '-a', '-d', kernel, '-S', release, ...MODULES],
    {
      env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
    },
  );
  const files = [...stdout.matchAll(/^insmod (\S+)/gm)].flatMap(([, file]) => file ?? []);
  return [...new Set(files)];
}
