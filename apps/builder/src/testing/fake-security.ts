// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import { ENDPOINTS, type SignReply, SignRequest } from '@l45/contracts';
import { Controller } from '@nestjs/common';

/** Signs everything; its signatures are no more than the statement. */
@Controller()
export class FakeSecurity {
  @Bus(ENDPOINTS.security.sign)
  sign({ artifacts }: SignRequest): SignReply {
    return {
      signatures: artifacts.map(({ digest, target, customization, version }) => ({
        ...{ digest, target, customization, version },
        counter: 1,
        key: '0'.repeat(16),
        value: '',
      })),
    };
  }
}
