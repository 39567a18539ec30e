// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type AllowRollbackReply,
  AllowRollbackRequest,
  ENDPOINTS,
  RotateKeyRequest,
  type SignReply,
  SignRequest,
  type TrustedKeys,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Releases } from './signing/releases.js';
import { Signer } from './signing/signer.js';
import { SigningKeys } from './signing/signing-keys.js';

@Controller()
export class SecurityController {
  constructor(
    private readonly signer: Signer,
    private readonly signingKeys: SigningKeys,
    private readonly releases: Releases,
  ) {}

  @Bus(ENDPOINTS.security.keys)
  async keys(): Promise<TrustedKeys> {
    return { keys: await this.signingKeys.trusted() };
  }

  @Bus(ENDPOINTS.security.sign)
  async sign({ artifacts }: SignRequest): Promise<SignReply> {
    return { signatures: await this.signer.sign(artifacts) };
  }

  @Bus(ENDPOINTS.security.rotate)
  async rotate({ overlap }: RotateKeyRequest): Promise<TrustedKeys> {
    return { keys: await this.signingKeys.rotate(overlap) };
  }

  @Bus(ENDPOINTS.security.rollback)
  async rollback({ digest }: AllowRollbackRequest): Promise<AllowRollbackReply> {
    const { customization, counter } = await this.releases.renew(digest);
    return { customization, counter };
  }
}
