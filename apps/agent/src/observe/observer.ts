// SPDX-License-Identifier: Apache-2.0
import { VERSION } from '@l45/bus';
import type {
  AgentFlowsReply,
  AgentFlowsRequest,
  AgentStatus,
  ObservedInstance,
  ObservedState,
} from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { AgentConfig, labelsOf } from '../agent.config.js';
import type { KernelInstance } from '../kernel/instance.js';
import { KernelGateway } from '../kernel/kernel.gateway.js';
import { problemOf } from '../reconcile/problems.js';
import { Reconciler } from '../reconcile/reconciler.js';
import { bootedAt, hostFacts } from './host-facts.js';

type KernelState = Pick<ObservedState, 'core' | 'customizations' | 'instances'>;

/** Reads what this host runs, at this moment. */
@Injectable()
export class Observer {
  private readonly facts = hostFacts();
  private observed?: ObservedState;
  private kernelState: KernelState = { customizations: [], instances: [] };

  constructor(
    @Inject(AgentConfig) private readonly config: AgentConfig,
    @Inject(KernelGateway) private readonly kernel: KernelGateway,
    @Inject(Reconciler) private readonly reconciler: Reconciler,
  ) {}

  /** What was observed last, if anything was. */
  get latest(): ObservedState | undefined {
    return this.observed;
  }

  /**
   * A kernel that can't be read is a problem to report, not a reason to be silent; and none to say
   * that it has nothing, which would pass for a removal.
   */
  async observe(): Promise<ObservedState> {
    this.observed = await this.look();
    return this.observed;
  }

  async status(): Promise<AgentStatus> {
    const kernel = await this.readKernel();
    return { ...this.state(kernel), sockets: await this.kernel.sockets() };
  }

  async flows({ instances, application, limit }: AgentFlowsRequest): Promise<AgentFlowsReply> {
    if (instances?.length === 0) return { flows: [], total: 0 };
    const flows = (await this.kernel.sockets(instances)).filter(
      (socket) => application === undefined || socket.application === application,
    );
    return { flows: flows.slice(0, limit), total: flows.length };
  }

  private async look(): Promise<ObservedState> {
    const { L45_HOST: host } = this.config;
    try {
      this.kernelState = await this.readKernel();
      return this.state(this.kernelState);
    } catch (error) {
      const state = this.state(this.kernelState);
      return { ...state, problems: [...state.problems, problemOf(host, error)] };
    }
  }

  private state(kernel: KernelState): ObservedState {
    const { revision, problems } = this.reconciler.progress;
    return {
      host: this.config.L45_HOST,
      ...this.facts,
      bootedAt: bootedAt(),
      agentVersion: VERSION,
      labels: labelsOf(this.config),
      desiredRevision: revision,
      ...kernel,
      problems,
      at: new Date().toISOString(),
    };
  }

  private async readKernel(): Promise<KernelState> {
    const core = await this.kernel.core();
    const customizations = await this.kernel.customizations();
    const instances = await this.kernel.instances();
    return { core, customizations, instances: instances.map(observed) };
  }
}

/** Without parameters, which can be keys. */
function observed({
  match: _match,
  params: _params,
  chain: _chain,
  ...instance
}: KernelInstance): ObservedInstance {
  return instance;
}
