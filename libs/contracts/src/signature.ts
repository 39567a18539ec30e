// SPDX-License-Identifier: Apache-2.0
import { IsBase64, IsInt, IsString, MaxLength, Min } from 'class-validator';
import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { Describe, IsDigest, IsKeyId, IsName, Nested, Target } from './common.dto.js';

/** Which artifact it is, of what and for what. */
export class ArtifactIdentity {
  @Describe('SHA-256 of the bytes, hex')
  @IsDigest()
  digest: string;

  @Describe('What the bytes were built for; no other host may load them')
  @Nested(() => Target)
  target: Target;

  @Describe('Customization that they are; `l45` is the core', 'dns_tag')
  @IsName()
  customization: string;

  @Describe('Its version', '1.0.0')
  @IsString()
  @MaxLength(64)
  version: string;
}

/** What is signed of an artifact. */
export class ArtifactStatement extends ArtifactIdentity {
  @Describe(
    'Grows with every new source of the customization; a host never goes back to a lower one',
  )
  @IsInt()
  @Min(1)
  counter: number;
}

/** Who vouches for an artifact: a statement, signed with Ed25519. */
export class ArtifactSignature extends ArtifactStatement {
  @Describe('Identifier of the signing key')
  @IsKeyId()
  key: string;

  @Describe('Ed25519 signature over the canonical encoding, base64')
  @IsBase64()
  value: string;
}

/** A text that two different statements never share; the first word keeps it from meaning anything else. */
function canonical(statement: ArtifactStatement): Buffer {
  const { digest, target, customization, version, counter } = statement;
  const { kernelRelease, arch } = target;
  return Buffer.from(
    JSON.stringify(['l45-artifact', digest, kernelRelease, arch, customization, version, counter]),
  );
}

export const signArtifact = (
  statement: ArtifactStatement,
  key: string,
  privateKey: KeyObject,
): ArtifactSignature => ({
  ...statement,
  key,
  value: sign(null, canonical(statement), privateKey).toString('base64'),
});

export const isSignedBy = (signature: ArtifactSignature, publicKey: KeyObject): boolean =>
  verify(null, canonical(signature), publicKey, Buffer.from(signature.value, 'base64'));

/** Identifier of a public key (SPKI, DER, base64). */
export const keyId = (publicKey: string): string =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);
