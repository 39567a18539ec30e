// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type AgentFlowsReply,
  AgentFlowsRequest,
  type AgentStatus,
  ENDPOINTS,
} from '@l45/contracts';
import { Controller, Inject } from '@nestjs/common';
import { Observer } from './observe/observer.js';

@Controller()
export class StatusController {
  constructor(@Inject(Observer) private readonly observer: Observer) {}

  @Bus(ENDPOINTS.agent.status)
  status(): Promise<AgentStatus> {
    return this.observer.status();
  }

  @Bus(ENDPOINTS.agent.flows)
  flows(request: AgentFlowsRequest): Promise<AgentFlowsReply> {
    return this.observer.flows(request);
  }
}
