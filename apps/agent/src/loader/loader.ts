// SPDX-License-Identifier: Apache-2.0
import { type BusClient, validated } from '@l45/bus';
import { Artifact, L45Error, type TrustedKey } from '@l45/contracts';
import { Logger } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import { readIfThere, writeDurably } from '../durable-file.js';
import { CORE, type KernelGateway } from '../kernel/kernel.gateway.js';
import { ModuleLoader } from '../reconcile/module-loader.js';
import { AcceptedCounters } from '../trust/accepted-counters.js';
import { KeyRing } from '../trust/key-ring.js';
import { Verifier } from '../trust/verifier.js';
import { Turns } from '../turns.js';
import type { LoaderConfig } from './loader.config.js';
import type { LoadRequest, UnloadRequest } from './loader.dto.js';

/**
 * Loads what somebody trusted vouches for, whoever asks. The agent names keys and brings bytes, as
 * the bus does for an agent: the first ones are kept, and later ones count if those endorse them.
 */
export class Loader {
  private readonly logger = new Logger(Loader.name);
  private readonly cache: ArtifactCache;
  private readonly modules: ModuleLoader;
  private readonly coreFile: string;
  private core?: Artifact;
  private offered: TrustedKey[] = [];
  private readonly turns = new Turns();

  constructor(
    config: LoaderConfig,
    private readonly kernel: KernelGateway,
  ) {
    const client = { request: async () => ({ keys: this.keysOffered() }) };
    const keys = new KeyRing(config, client as Pick<BusClient, 'request'>);
    const get = (digest: string) => readFile(join(config.L45_ARTIFACTS, `${digest}.ko`));
    this.cache = new ArtifactCache(config, { get });
    const verifier = new Verifier(keys, new AcceptedCounters(config));
    this.modules = new ModuleLoader(kernel, this.cache, verifier);
    this.coreFile = join(config.L45_STATE_DIR, 'core.json');
  }

  /** Loads the core that it loaded last, if this kernel takes it and has none; else the agent asks. */
  async restore(): Promise<void> {
    const stored = await readIfThere(this.coreFile);
    if (!stored) return;
    try {
      this.core = await validated(Artifact, JSON.parse(stored.toString()));
      if (await this.kernel.core()) return;
      await this.modules.ensure(this.core, new AbortController().signal);
      this.logger.log('the core is loaded');
    } catch (error) {
      this.logger.warn(`the core is not loaded yet: ${(error as Error).message}`);
    }
  }

  load({ artifact, keys }: LoadRequest): Promise<void> {
    return this.turns.take(async () => {
      this.offered = keys;
      await this.modules.ensure(artifact, new AbortController().signal);
      this.logger.log(`loaded ${artifact.name}`);
      if (artifact.name === CORE) {
        await writeDurably(this.coreFile, Buffer.from(JSON.stringify(artifact)));
        this.core = artifact;
      }
      await this.cache.keepOnly(this.core ? [this.core] : []);
    });
  }

  unload({ name }: UnloadRequest): Promise<void> {
    return this.turns.take(async () => {
      await this.modules.unload(name);
      this.logger.log(`unloaded ${name}`);
    });
  }

  /** None would be kept as well, and nothing trusted ever after. */
  private keysOffered(): TrustedKey[] {
    if (this.offered.length) return this.offered;
    throw new L45Error('UNKNOWN_KEY', 'nobody has named a key to trust yet');
  }
}
