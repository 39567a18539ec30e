// SPDX-License-Identifier: Apache-2.0
import { createTestService, type TestService } from '@l45/bus/testing';
import type { DynamicModule, InjectionToken } from '@nestjs/common';
import { RETRY } from '../../apps/agent/src/reconcile/reconciler.js';

/** Quicker than shipped: an outage is over sooner here. */
const QUICK = { firstMs: 50, longestMs: 1_000 };

/** An agent as it is shipped, above what is simulated, which outlives it. */
export abstract class SimulatedAgent {
  #agent?: TestService;

  constructor(private readonly url: string) {}

  /** The agent in its role. */
  protected abstract module(): DynamicModule;
  /** What of it is simulated, and by what. */
  protected abstract simulated(): [InjectionToken, unknown];

  async start(): Promise<void> {
    const [token, value] = this.simulated();
    this.#agent ??= await createTestService(
      { imports: [this.module()] },
      {
        url: this.url,
        customize: (builder) =>
          builder.overrideProvider(token).useValue(value).overrideProvider(RETRY).useValue(QUICK),
      },
    );
  }

  /** What it sent and received. */
  get traffic(): { inBytes: number; outBytes: number } {
    if (!this.#agent) throw new Error('it is not running');
    return this.#agent.connection.stats();
  }

  async stop(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }
}
