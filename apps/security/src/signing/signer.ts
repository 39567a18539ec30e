// SPDX-License-Identifier: Apache-2.0
import { type ArtifactSignature, type BuiltArtifact, signArtifact } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { Releases } from './releases.js';
import { SigningKeys } from './signing-keys.js';

/** Vouches for what the builder made. */
@Injectable()
export class Signer {
  constructor(
    private readonly keys: SigningKeys,
    private readonly releases: Releases,
  ) {}

  async sign(artifacts: BuiltArtifact[]): Promise<ArtifactSignature[]> {
    const { id, privateKey } = await this.keys.current();
    const signatures: ArtifactSignature[] = [];
    for (const artifact of artifacts) {
      const { digest, target, customization, version } = artifact;
      const counter = await this.releases.counterOf(artifact);
      signatures.push(
        signArtifact({ digest, target, customization, version, counter }, id, privateKey),
      );
    }
    return signatures;
  }
}
