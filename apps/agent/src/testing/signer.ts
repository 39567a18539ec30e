// SPDX-License-Identifier: Apache-2.0
import {
  type ArtifactSignature,
  type ArtifactStatement,
  endorse,
  keyId,
  signArtifact,
  type TrustedKey,
} from '@l45/contracts';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** A key that signs artifacts, as the security service has one. */
export class TestSigner {
  private constructor(
    readonly key: TrustedKey,
    private readonly privateKey: KeyObject,
  ) {}

  static create(validity: Partial<TrustedKey> = {}): TestSigner {
    const pair = generateKeyPairSync('ed25519');
    const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    const notBefore = new Date(0).toISOString();
    return new TestSigner(
      { id: keyId(publicKey), publicKey, notBefore, ...validity },
      pair.privateKey,
    );
  }

  /** A key that this one vouches for. */
  successor(): TestSigner {
    const { key, privateKey } = TestSigner.create();
    return new TestSigner(endorse(key, this.key.id, this.privateKey), privateKey);
  }

  sign(statement: ArtifactStatement): ArtifactSignature {
    return signArtifact(statement, this.key.id, this.privateKey);
  }
}

/** The one that agents under test trust. */
export const SIGNER = TestSigner.create();
