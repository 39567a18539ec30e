// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import { ENDPOINTS, type PoliciesReply } from '@l45/contracts';
import { Controller } from '@nestjs/common';

/** Requires what a test wants it to require. */
@Controller()
export class FakeSecurity {
  required: PoliciesReply = { policies: [], required: [] };

  @Bus(ENDPOINTS.security.policies)
  policies(): PoliciesReply {
    return this.required;
  }
}
