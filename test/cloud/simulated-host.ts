// SPDX-License-Identifier: Apache-2.0
import type { DynamicModule } from '@nestjs/common';
import { rm } from 'node:fs/promises';
import { agentModule } from '../../apps/agent/src/agent.module.js';
import { KernelGateway } from '../../apps/agent/src/kernel/kernel.gateway.js';
import { SimulatedAgent } from './simulated-agent.js';
import { SimulatedKernel } from './simulated-kernel.js';
import type { Wire } from './wire.js';

/** A host's agent, above a kernel in memory. */
export class SimulatedHost extends SimulatedAgent {
  readonly kernel: SimulatedKernel;

  constructor(
    readonly name: string,
    url: string,
    private readonly folder: string,
    wire: Wire,
  ) {
    super(url);
    this.kernel = new SimulatedKernel(name, wire);
  }

  protected module(): DynamicModule {
    return agentModule({ L45_HOST: this.name, L45_STATE_DIR: this.folder });
  }

  protected simulated(): [typeof KernelGateway, SimulatedKernel] {
    return [KernelGateway, this.kernel];
  }

  /** Nothing of the kernel survives. */
  async reset(): Promise<void> {
    await this.stop();
    this.kernel.reset();
    await this.start();
  }

  /** Nothing survives. */
  async replace(): Promise<void> {
    await this.stop();
    this.kernel.reset();
    await rm(this.folder, { recursive: true, force: true });
    await this.start();
  }

  /** Instances that were registered again although they were there. */
  get appliedTwice(): string[] {
    const present = new Set<string>();
    return this.kernel.changes.filter((change) => {
      const [what, id = ''] = change.split(' ');
      if (what === 'delete') present.delete(id);
      if (what !== 'new') return false;
      const twice = present.has(id);
      present.add(id);
      return twice;
    });
  }
}
