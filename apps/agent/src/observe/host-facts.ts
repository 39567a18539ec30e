// SPDX-License-Identifier: Apache-2.0
import type { ObservedState } from '@l45/contracts';
import { readFileSync } from 'node:fs';
import { machine, release, uptime } from 'node:os';

/** What stays as it is until the next boot. */
export const hostFacts = (): Pick<ObservedState, 'target' | 'bootId'> => ({
  target: { kernelRelease: release(), arch: machine() },
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
});

/** When the clock began by which the kernel says what was used last. */
export const bootedAt = (): string => new Date(Date.now() - uptime() * 1_000).toISOString();
