// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { statSync } from 'node:fs';
import { join, normalize } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** The identifier of a cgroup: the inode of its folder. */
export function cgroupId(path: string, root = ROOT): string {
  const folder = join(root, normalize(`/${path}`));
  const stats = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (stats?.isDirectory()) return String(stats.ino);
  throw new L45Error('KERNEL', `there is no cgroup ${folder}: create it, or correct the match`);
}
