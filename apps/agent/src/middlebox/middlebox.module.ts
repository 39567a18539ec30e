// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { type DynamicModule, Module } from '@nestjs/common';
import { join } from 'node:path';
import { AgentConfig } from '../agent.config.js';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import { RETRY } from '../reconcile/reconciler.js';
import { AcceptedCounters } from '../trust/accepted-counters.js';
import { KeyRing } from '../trust/key-ring.js';
import { Verifier } from '../trust/verifier.js';
import { Applications } from './applications.js';
import { INVERSE_TYPES, InverseLoader } from './inverse-loader.js';
import { MiddleboxConfig } from './middlebox.config.js';
import { MiddleboxReporter } from './middlebox-reporter.js';
import { PcapType } from './pcap.js';
import { WiresharkType } from './wireshark.js';

@Module({})
class MiddleboxAgentModule {}

/** The agent in the role of a middlebox: it loads inverse modules, and no kernel ones. */
export const middleboxModule = (config: MiddleboxConfig): DynamicModule => ({
  module: MiddleboxAgentModule,
  imports: [
    BusModule.forRoot({
      service: 'agent',
      description: 'Has a middlebox read customized traffic, and reports what it sees.',
      host: config.L45_HOST,
    }),
  ],
  providers: [
    { provide: AgentConfig, useValue: config },
    { provide: MiddleboxConfig, useValue: config },
    { provide: RETRY, useValue: { firstMs: 500, longestMs: 30_000 } },
    {
      provide: WiresharkType,
      useFactory: () => new WiresharkType(config.L45_WIRESHARK_PLUGINS),
    },
    {
      provide: INVERSE_TYPES,
      inject: [WiresharkType],
      useFactory: (wireshark: WiresharkType) => [
        wireshark,
        new PcapType(join(config.L45_STATE_DIR, 'pcap')),
      ],
    },
    ArtifactCache,
    KeyRing,
    AcceptedCounters,
    Verifier,
    InverseLoader,
    Applications,
    MiddleboxReporter,
  ],
});
