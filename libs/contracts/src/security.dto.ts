// SPDX-License-Identifier: Apache-2.0
import { ArrayMaxSize, IsBase64, IsInt, IsISO8601, IsOptional, Max, Min } from 'class-validator';
import { Describe, IsDigest, IsKeyId, Nested, NestedList } from './common.dto.js';
import { ArtifactIdentity, type ArtifactSignature } from './signature.js';

/** A key by which hosts know what they may load. */
export class Endorsement {
  @Describe('Identifier of the key before it')
  @IsKeyId()
  key: string;

  @Describe('Ed25519 signature of that key over this one, base64')
  @IsBase64()
  value: string;
}

export class TrustedKey {
  @Describe('First 16 hex digits of the SHA-256 of the public key')
  @IsKeyId()
  id: string;

  @Describe('Ed25519 public key (SPKI, DER, base64)')
  @IsBase64()
  publicKey: string;

  @Describe('From when on signatures by it count, ISO 8601')
  @IsISO8601()
  notBefore: string;

  @Describe('Until when they do, ISO 8601; absent: no end is known')
  @IsOptional()
  @IsISO8601()
  notAfter?: string;

  @Describe('How hosts that trust the key before it come to trust this one; absent: the first key')
  @IsOptional()
  @Nested(() => Endorsement)
  endorsement?: Endorsement;
}

/** Answer of `security.keys`, and content of an agent's file of trusted keys. */
export class TrustedKeys {
  @Describe('Newest last')
  @NestedList(() => TrustedKey)
  keys: TrustedKey[];
}

/** An artifact as the builder made it. */
export class BuiltArtifact extends ArtifactIdentity {
  @Describe('SHA-256 over the source, hex: artifacts of one source share a counter')
  @IsDigest()
  source: string;
}

export class SignRequest {
  @Describe('Artifacts to sign')
  @ArrayMaxSize(64)
  @NestedList(() => BuiltArtifact)
  artifacts: BuiltArtifact[];
}

export interface SignReply {
  /** One for each artifact, in their order. */
  signatures: ArtifactSignature[];
}

export class RotateKeyRequest {
  @Describe('Seconds for which signatures by the present key still count', 86400)
  @IsInt()
  @Min(0)
  @Max(31_536_000)
  overlap: number;
}

export class AllowRollbackRequest {
  @Describe('Digest of the artifact that hosts refused as older than what they had')
  @IsDigest()
  digest: string;
}

export interface AllowRollbackReply {
  customization: string;
  /** The counter of its next signature, above all that hosts have accepted. */
  counter: number;
}
