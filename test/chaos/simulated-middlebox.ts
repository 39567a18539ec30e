// SPDX-License-Identifier: Apache-2.0
import { createTestService, type TestService } from '@l45/bus/testing';
import type { Assignment } from '@l45/contracts';
import { INVERSE_TYPES } from '../../apps/agent/src/middlebox/inverse-loader.js';
import type { InverseType } from '../../apps/agent/src/middlebox/inverse-type.js';
import { MiddleboxConfig } from '../../apps/agent/src/middlebox/middlebox.config.js';
import { middleboxModule } from '../../apps/agent/src/middlebox/middlebox.module.js';
import { RETRY } from '../../apps/agent/src/reconcile/reconciler.js';
import { INVERSE_TYPE } from './simulated-builder.js';
import { QUICK } from './simulated-host.js';
import type { Wire } from './wire.js';

/** The agent in the role of a middlebox, above a program that reads the wire in memory. */
export class SimulatedMiddlebox implements InverseType {
  readonly name = 'tap';
  readonly type = INVERSE_TYPE;
  #agent?: TestService;

  constructor(
    private readonly url: string,
    private readonly folder: string,
    private readonly wire: Wire,
  ) {}

  async install(assignments: Assignment[]): Promise<void> {
    this.wire.readable(assignments.map(({ deployment }) => deployment));
  }

  async start(): Promise<void> {
    const config = new MiddleboxConfig();
    Object.assign(config, { L45_HOST: this.name, L45_STATE_DIR: this.folder });
    this.#agent ??= await createTestService(
      { imports: [middleboxModule(config)] },
      {
        url: this.url,
        customize: (builder) =>
          builder
            .overrideProvider(INVERSE_TYPES)
            .useValue([this])
            .overrideProvider(RETRY)
            .useValue(QUICK),
      },
    );
  }

  /** The agent goes; the program goes on with what it has. */
  async stop(): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }
}
