// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type AgentChallengeReply,
  AgentChallengeRequest,
  ENDPOINTS,
  HostKeyRequest,
  type KeyExchange,
  L45Error,
} from '@l45/contracts';
import { Controller, Inject } from '@nestjs/common';
import { isRefusal } from '../kernel/kernel-error.js';
import { KernelGateway, type Vouched } from '../kernel/kernel.gateway.js';
import { HostKey } from './host-key.js';

/** Lets the kernel answer the security service. */
@Controller()
export class ChallengeController {
  constructor(
    @Inject(KernelGateway) private readonly kernel: KernelGateway,
    @Inject(HostKey) private readonly hostKey: HostKey,
  ) {}

  @Bus(ENDPOINTS.agent.exchange)
  exchange(): KeyExchange {
    return this.hostKey.identity;
  }

  @Bus(ENDPOINTS.agent.key)
  key({ sealed }: HostKeyRequest): KeyExchange {
    return this.hostKey.learn(sealed);
  }

  @Bus(ENDPOINTS.agent.challenge)
  async challenge(request: AgentChallengeRequest): Promise<AgentChallengeReply> {
    const { host, bootId } = this.hostKey.identity;
    try {
      return { host, bootId, ...(await this.ask({ ...request, host, bootId })) };
    } catch (error) {
      if (!isRefusal(error, 'ENOENT')) throw error;
      throw new L45Error(
        'UNKNOWN_INSTANCE',
        `${host} has no instance ${request.instance} (any more): l45.deployer.status says what it should have`,
      );
    }
  }

  /** An instance gets its key with its first challenge, which costs the rollout nothing. */
  private async ask(question: Parameters<KernelGateway['challenge']>[0]): Promise<Vouched> {
    const key = this.hostKey.ofInstance(question.instance);
    try {
      return await this.kernel.challenge(question);
    } catch (error) {
      if (!isRefusal(error, 'ENOKEY')) throw error;
      await this.kernel.setKey(question.instance, key);
      return this.kernel.challenge(question);
    }
  }
}
