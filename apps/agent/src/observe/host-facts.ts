// SPDX-License-Identifier: Apache-2.0
import type { ObservedState } from '@l45/contracts';
import { readFileSync } from 'node:fs';
import { machine, release } from 'node:os';

/** What stays as it is until the next boot. */
export const hostFacts = (): Pick<ObservedState, 'target' | 'bootId'> => ({
  target: { kernelRelease: release(), arch: machine() },
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
});
