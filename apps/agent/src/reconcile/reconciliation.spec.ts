// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import type { NewInstance } from '../kernel/instance.js';
import {
  CORE_MODULE,
  desiredInstance,
  desiredState,
  HOST,
  TAG_MODULE,
} from '../testing/desired.js';
import { FakeKernel } from '../testing/fake-kernel.js';
import { SIGNER } from '../testing/signer.js';
import { AcceptedCounters } from '../trust/accepted-counters.js';
import { KeyRing } from '../trust/key-ring.js';
import { Verifier } from '../trust/verifier.js';
import { ModuleLoader } from './module-loader.js';
import { Reconciliation } from './reconciliation.js';

describe('one pass', () => {
  const stored = [CORE_MODULE, TAG_MODULE];
  let folder: string;

  const pass = (
    kernel: FakeKernel,
    desired = desiredState(1, []),
    abort = new AbortController(),
  ) => {
    const get = async (digest: string) =>
      stored.find(({ artifact }) => artifact.digest === digest)?.bytes ?? Buffer.alloc(0);
    const config = {
      L45_HOST: HOST,
      L45_STATE_DIR: folder,
      L45_TRUSTED_KEYS: JSON.stringify({ keys: [SIGNER.key] }),
    };
    const cache = new ArtifactCache(config, { get });
    const keys = new KeyRing(config, { request: () => Promise.reject(new Error('not asked')) });
    const verifier = new Verifier(keys, new AcceptedCounters(config));
    const loader = new ModuleLoader(kernel, cache, verifier);
    return new Reconciliation(kernel, loader, desired, abort.signal).run();
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-pass-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('ends after the step in which it is superseded', async () => {
    const abort = new AbortController();
    class Superseding extends FakeKernel {
      override async newInstance(instance: NewInstance): Promise<void> {
        await super.newInstance(instance);
        abort.abort(new Error('superseded'));
      }
    }
    const kernel = new Superseding();
    const desired = desiredState(1, [desiredInstance(), desiredInstance()]);
    await expect(pass(kernel, desired, abort)).rejects.toThrow('superseded');
    expect(await kernel.instances()).toHaveLength(1);
  });

  it('of nothing to do asks the kernel a few times, and changes nothing', async () => {
    const kernel = new FakeKernel();
    const desired = desiredState(1, [desiredInstance(), desiredInstance()]);
    expect(await pass(kernel, desired)).toEqual({ problems: [], changed: true });
    const { reads } = kernel;
    kernel.changes.length = 0;
    expect(await pass(kernel, desired)).toEqual({ problems: [], changed: false });
    expect(kernel.changes).toEqual([]);
    expect(kernel.reads - reads).toBeLessThanOrEqual(6);
  });
});
