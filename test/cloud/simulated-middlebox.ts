// SPDX-License-Identifier: Apache-2.0
import type { Assignment } from '@l45/contracts';
import type { DynamicModule, InjectionToken } from '@nestjs/common';
import { INVERSE_TYPES } from '../../apps/agent/src/middlebox/inverse-loader.js';
import type { InverseType } from '../../apps/agent/src/middlebox/inverse-type.js';
import { MiddleboxConfig } from '../../apps/agent/src/middlebox/middlebox.config.js';
import { middleboxModule } from '../../apps/agent/src/middlebox/middlebox.module.js';
import { SimulatedAgent } from './simulated-agent.js';
import { INVERSE_TYPE } from './simulated-builder.js';
import type { Wire } from './wire.js';

/** The agent in the role of a middlebox, above a program that reads the wire in memory. */
export class SimulatedMiddlebox extends SimulatedAgent implements InverseType {
  readonly name = 'tap';
  readonly type = INVERSE_TYPE;

  constructor(
    url: string,
    private readonly folder: string,
    private readonly wire: Wire,
  ) {
    super(url);
  }

  async install(assignments: Assignment[]): Promise<void> {
    this.wire.readable(assignments.map(({ deployment }) => deployment));
  }

  protected module(): DynamicModule {
    const config = new MiddleboxConfig();
    Object.assign(config, { L45_HOST: this.name, L45_STATE_DIR: this.folder });
    return middleboxModule(config);
  }

  protected simulated(): [InjectionToken, InverseType[]] {
    return [INVERSE_TYPES, [this]];
  }
}
