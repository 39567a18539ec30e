// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Prepared } from './prepare.js';
import { type Accelerator, baseArguments, startQemu } from './qemu.js';

/**
 * `/dev/kvm` may exist and not work, so a kernel is booted with it once; the outcome is cached
 * until the machine reboots.
 */
export async function bestAccelerator(prepared: Prepared): Promise<Accelerator> {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const outcome = join(prepared.cache, `accelerator-${bootId}`);
  const known = await readFile(outcome, 'utf8').catch(() => undefined);
  if (known === 'kvm' || known === 'tcg') return known;

  const found = (await kvmBoots(prepared)) ? 'kvm' : 'tcg';
  await writeFile(outcome, found);
  return found;
}

async function kvmBoots(prepared: Prepared): Promise<boolean> {
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return false;

  const append = 'l45_probe=1';
  const machine = { accel: 'kvm', icount: false, smp: 1, memoryMb: 256, append } as const;
  const args = [...baseArguments(prepared, machine), '-serial', 'stdio'];
  const { stdout } = await startQemu(args, { timeout: 10_000 });
  return stdout.includes('l45: this accelerator works');
}
