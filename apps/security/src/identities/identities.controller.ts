// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  ENDPOINTS,
  type Enrolment,
  EnrolRequest,
  type IdentitiesReply,
  type Identity,
  IdentityRequest,
  type Invitation,
  InviteRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Identities } from './identities.service.js';

@Controller()
export class IdentitiesController {
  constructor(private readonly service: Identities) {}

  @Bus(ENDPOINTS.security.invite)
  invite(request: InviteRequest): Promise<Invitation> {
    return this.service.invite(request);
  }

  @Bus(ENDPOINTS.security.enrol)
  enrol(request: EnrolRequest): Promise<Enrolment> {
    return this.service.enrol(request);
  }

  @Bus(ENDPOINTS.security.revoke)
  revoke({ host }: IdentityRequest): Promise<Identity> {
    return this.service.revoke(host);
  }

  @Bus(ENDPOINTS.security.identities)
  async identities(): Promise<IdentitiesReply> {
    return { identities: await this.service.list() };
  }
}
