// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  ChallengePolicy,
  type ChallengeReply,
  ChallengeRequest,
  ChallengesRequest,
  DropPolicyRequest,
  ENDPOINTS,
  type PoliciesReply,
  RequirePolicyRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Challenges } from './challenges.service.js';
import { History } from './history.js';
import { Policies } from './policies.js';

@Controller()
export class ChallengeController {
  constructor(
    private readonly challenges: Challenges,
    private readonly history: History,
    private readonly challengePolicies: Policies,
  ) {}

  @Bus(ENDPOINTS.security.challenge)
  async challenge(request: ChallengeRequest): Promise<ChallengeReply> {
    return { results: await this.challenges.challenge(request) };
  }

  @Bus(ENDPOINTS.security.challenges)
  async past(request: ChallengesRequest): Promise<ChallengeReply> {
    return { results: await this.history.list(request) };
  }

  @Bus(ENDPOINTS.security.policy)
  policy(request: ChallengePolicy): Promise<ChallengePolicy> {
    return this.challengePolicies.set(request);
  }

  @Bus(ENDPOINTS.security.drop)
  drop({ deployment }: DropPolicyRequest): Promise<PoliciesReply> {
    return this.challengePolicies.drop(deployment);
  }

  @Bus(ENDPOINTS.security.require)
  require({ prefixes }: RequirePolicyRequest): Promise<PoliciesReply> {
    return this.challengePolicies.require(prefixes);
  }

  @Bus(ENDPOINTS.security.policies)
  policies(): Promise<PoliciesReply> {
    return this.challengePolicies.all();
  }
}
