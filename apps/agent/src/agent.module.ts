// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { type DynamicModule, Module } from '@nestjs/common';
import { AgentConfig } from './agent.config.js';
import { ArtifactCache } from './artifacts/artifact-cache.js';
import { ChallengeController } from './challenge/challenge.controller.js';
import { HostKey } from './challenge/host-key.js';
import { KernelGateway } from './kernel/kernel.gateway.js';
import { NetlinkGateway } from './kernel/netlink.gateway.js';
import { DelegatingLoader } from './loader/delegating-loader.js';
import { AgentMetrics } from './observe/agent-metrics.js';
import { Observer } from './observe/observer.js';
import { Reporter } from './observe/reporter.js';
import { ModuleLoader } from './reconcile/module-loader.js';
import { Reconciler, RETRY } from './reconcile/reconciler.js';
import { StatusController } from './status.controller.js';
import { AcceptedCounters } from './trust/accepted-counters.js';
import { KeyRing } from './trust/key-ring.js';
import { Verifier } from './trust/verifier.js';

@Module({})
class AgentModule {}

/** The agent of one host. */
export const agentModule = (config: AgentConfig): DynamicModule => ({
  module: AgentModule,
  imports: [
    BusModule.forRoot({
      service: 'agent',
      description: "Brings a host's kernel to its desired state, and reports what it runs.",
      host: config.L45_HOST,
    }),
  ],
  controllers: [ChallengeController, StatusController],
  providers: [
    { provide: AgentConfig, useValue: config },
    { provide: KernelGateway, useClass: NetlinkGateway },
    { provide: RETRY, useValue: { firstMs: 500, longestMs: 30_000 } },
    ArtifactCache,
    HostKey,
    KeyRing,
    AcceptedCounters,
    Verifier,
    {
      provide: ModuleLoader,
      useClass: config.L45_LOADER === undefined ? ModuleLoader : DelegatingLoader,
    },
    Reconciler,
    AgentMetrics,
    Observer,
    Reporter,
  ],
});
