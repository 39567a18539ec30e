// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type AllowReply,
  AllowRequest,
  AssignmentsRequest,
  type AssignmentsReply,
  ENDPOINTS,
  type Middlebox,
  MiddleboxesRequest,
  type MiddleboxesReply,
  MiddleboxRequest,
  RegisterMiddleboxRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { MiddleboxesService } from './middleboxes.service.js';

@Controller()
export class MiddleboxController {
  constructor(private readonly service: MiddleboxesService) {}

  @Bus(ENDPOINTS.middlebox.register)
  register(request: RegisterMiddleboxRequest): Promise<Middlebox> {
    return this.service.register(request);
  }

  @Bus(ENDPOINTS.middlebox.unregister)
  async unregister({ middlebox }: MiddleboxRequest): Promise<MiddleboxesReply> {
    return { middleboxes: await this.service.unregister(middlebox) };
  }

  @Bus(ENDPOINTS.middlebox.list)
  async list({ middlebox }: MiddleboxesRequest): Promise<MiddleboxesReply> {
    return { middleboxes: await this.service.list(middlebox) };
  }

  @Bus(ENDPOINTS.middlebox.assignments)
  async assignments({ deployment }: AssignmentsRequest): Promise<AssignmentsReply> {
    return { assignments: await this.service.assignments(deployment) };
  }

  @Bus(ENDPOINTS.middlebox.allow)
  allow(request: AllowRequest): Promise<AllowReply> {
    return this.service.allow(request);
  }
}
