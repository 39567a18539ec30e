// SPDX-License-Identifier: Apache-2.0
import { createTestService, type TestService } from '@l45/bus/testing';
import { rm } from 'node:fs/promises';
import { agentModule } from '../../apps/agent/src/agent.module.js';
import { KernelGateway } from '../../apps/agent/src/kernel/kernel.gateway.js';
import { RETRY } from '../../apps/agent/src/reconcile/reconciler.js';
import { SimulatedKernel } from './simulated-kernel.js';
import type { Wire } from './wire.js';

/** Quicker than shipped: an outage is over sooner here. */
export const QUICK = { firstMs: 50, longestMs: 1_000 };

/** The agent as it is shipped, above a kernel in memory. */
export class SimulatedHost {
  readonly kernel: SimulatedKernel;
  #agent?: TestService;

  constructor(
    readonly name: string,
    private readonly url: string,
    private readonly folder: string,
    wire: Wire,
  ) {
    this.kernel = new SimulatedKernel(name, wire);
  }

  async start(): Promise<void> {
    this.#agent ??= await createTestService(
      { imports: [agentModule({ L45_HOST: this.name, L45_STATE_DIR: this.folder })] },
      {
        url: this.url,
        customize: (builder) =>
          builder
            .overrideProvider(KernelGateway)
            .useValue(this.kernel)
            .overrideProvider(RETRY)
            .useValue(QUICK),
      },
    );
  }

  /** The agent goes; the kernel keeps what it has. */
  async stop(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
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
