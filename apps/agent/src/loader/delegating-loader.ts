// SPDX-License-Identifier: Apache-2.0
import type { Artifact } from '@l45/contracts';
import { inSpan } from '@l45/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig } from '../agent.config.js';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import { KernelGateway } from '../kernel/kernel.gateway.js';
import { ModuleLoader } from '../reconcile/module-loader.js';
import { KeyRing } from '../trust/key-ring.js';
import { Verifier } from '../trust/verifier.js';
import { askLoader } from './loader-client.js';

/** Has a process of its own load modules, which verifies for itself what it is asked for. */
@Injectable()
export class DelegatingLoader extends ModuleLoader {
  readonly #socket: string;

  constructor(
    @Inject(KernelGateway) kernel: KernelGateway,
    @Inject(ArtifactCache) cache: ArtifactCache,
    @Inject(Verifier) verifier: Verifier,
    @Inject(KeyRing) private readonly keys: KeyRing,
    @Inject(AgentConfig) { L45_LOADER = '' }: AgentConfig,
  ) {
    super(kernel, cache, verifier);
    this.#socket = L45_LOADER;
  }

  override async unload(name: string): Promise<void> {
    await inSpan('kernel unload', { 'l45.module': name }, () =>
      askLoader(this.#socket, 'unload', { name }),
    );
  }

  protected override async load(artifact: Artifact): Promise<void> {
    const keys = await this.keys.trusted();
    await inSpan('kernel load', { 'l45.module': artifact.name }, () =>
      askLoader(this.#socket, 'load', { artifact, keys }),
    );
  }
}
