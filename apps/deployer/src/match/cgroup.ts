// SPDX-License-Identifier: Apache-2.0

const ROOT = '/sys/fs/cgroup';

/** A cgroup's path below /sys/fs/cgroup, with one slash before each part; throws if it leaves it. */
export function parseCgroup(text: string): string {
  const parts = (text.startsWith(`${ROOT}/`) ? text.slice(ROOT.length) : text)
    .split('/')
    .filter(Boolean);
  if (parts.some((part) => part === '.' || part === '..'))
    throw new Error(`${text}: write the path without . and ..`);
  return `/${parts.join('/')}`;
}

/** A cgroup includes all below it. */
export const cgroupsOverlap = (a: string, b: string): boolean => below(a, b) || below(b, a);

const below = (a: string, b: string): boolean => b === '/' || a === b || a.startsWith(`${b}/`);
