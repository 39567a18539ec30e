// SPDX-License-Identifier: Apache-2.0
import { type Artifact, L45Error, type LoadedCustomization } from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import { CORE, KernelGateway } from '../kernel/kernel.gateway.js';
import { Verifier } from '../trust/verifier.js';

type Loaded = Pick<LoadedCustomization, 'srcversion' | 'users'>;

/** Sees to it that the right modules are loaded, and no others. */
@Injectable()
export class ModuleLoader {
  constructor(
    @Inject(KernelGateway) protected readonly kernel: KernelGateway,
    @Inject(ArtifactCache) private readonly cache: ArtifactCache,
    @Inject(Verifier) private readonly verifier: Verifier,
  ) {}

  /**
   * Loads an artifact that somebody trusted vouches for, in place of another version of it that
   * nothing uses; returns whether it was not there yet.
   */
  async ensure(artifact: Artifact, signal: AbortSignal): Promise<boolean> {
    const { name, srcversion } = artifact;
    const loaded = await this.loaded(name);
    if (loaded?.srcversion === srcversion) return false;
    if (loaded?.users) throw inUse(artifact, loaded);
    await this.verifier.verify(artifact);
    const file = await this.cache.fileOf(artifact, signal);
    if (loaded) await this.unload(name);
    await this.load(artifact, file);
    await this.verifier.accepted(artifact);
    const now = await this.loaded(name);
    if (now?.srcversion === srcversion) return true;
    throw new L45Error(
      'KERNEL',
      `${name} was loaded, but the kernel has srcversion ${now?.srcversion} instead of ${srcversion}`,
    );
  }

  /** Customizations that are neither wanted nor used. */
  async unused(wanted: Artifact[]): Promise<string[]> {
    const names = new Set(wanted.map(({ name }) => name));
    const loaded = await this.kernel.customizations();
    return loaded.filter(({ name, users }) => users === 0 && !names.has(name)).map(nameOf);
  }

  /** The core goes last: customizations call it. */
  async unload(name: string): Promise<void> {
    if (name === CORE) {
      for (const customization of await this.kernel.customizations()) {
        await this.kernel.unloadModule(customization.name);
      }
    }
    await this.kernel.unloadModule(name);
  }

  protected async load({ name }: Artifact, file: string): Promise<void> {
    await this.kernel.loadModule(name, file);
  }

  private async loaded(name: string): Promise<Loaded | undefined> {
    if (name !== CORE) {
      return (await this.kernel.customizations()).find((loaded) => loaded.name === name);
    }
    const core = await this.kernel.core();
    return core && { srcversion: core.srcversion, users: (await this.kernel.instances()).length };
  }
}

const nameOf = ({ name }: { name: string }): string => name;

const inUse = ({ name, srcversion }: Artifact, loaded: Loaded): L45Error =>
  new L45Error(
    'KERNEL',
    `${name} is loaded with srcversion ${loaded.srcversion} instead of ${srcversion}, and ` +
      `${loaded.users} instances use it: it is replaced once they are revoked, and no stream holds unread bytes of them`,
  );
