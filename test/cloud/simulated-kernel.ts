// SPDX-License-Identifier: Apache-2.0
import type { InstanceSettings, NewInstance } from '../../apps/agent/src/kernel/instance.js';
import { FakeKernel } from '../../apps/agent/src/testing/fake-kernel.js';
import type { Wire } from './wire.js';

/** A kernel in memory whose applications talk to those of others. */
export class SimulatedKernel extends FakeKernel {
  readonly #deployments = new Map<string, string>();

  constructor(
    private readonly host: string,
    private readonly wire: Wire,
  ) {
    super();
  }

  override async newInstance(instance: NewInstance): Promise<void> {
    await super.newInstance(instance);
    this.#deployments.set(instance.id, instance.deployment);
    this.#changed(instance.id, instance);
  }

  override async setInstance(id: string, settings: Partial<InstanceSettings>): Promise<void> {
    await super.setInstance(id, settings);
    this.#changed(id, settings);
  }

  override async deleteInstance(id: string): Promise<void> {
    await super.deleteInstance(id);
    this.wire.gone(id);
  }

  override reset(): void {
    super.reset();
    this.wire.lost(this.host);
  }

  #changed(id: string, { directions }: Partial<InstanceSettings>): void {
    const deployment = this.#deployments.get(id);
    if (deployment && directions)
      this.wire.changed({ id, deployment, host: this.host, directions });
  }
}
