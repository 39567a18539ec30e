// SPDX-License-Identifier: Apache-2.0
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBase64,
  IsInt,
  IsOptional,
  IsUUID,
  Matches,
  Max,
  Min,
} from 'class-validator';
import type { Role } from './common.dto.js';
import { Describe, IsName, IsPrefix } from './common.dto.js';

/** Answer of `agent.exchange`: to whom a key can be told in secret. */
export interface KeyExchange {
  host: string;
  bootId: string;
  /** X25519 public key (SPKI, DER, base64), another one each time the agent starts. */
  publicKey: string;
}

export class HostKeyRequest {
  @Describe("Key of this host and boot, sealed for the agent's public key, base64")
  @IsBase64()
  sealed: string;
}

export class AgentChallengeRequest {
  @Describe('Identifier of the instance')
  @IsUUID()
  instance: string;

  @Describe('Drawn at random, 32 bytes in hex; never used twice')
  @Matches(/^[0-9a-f]{64}$/)
  nonce: string;
}

/** What the kernel vouches for. */
export interface AgentChallengeReply {
  host: string;
  bootId: string;
  /** 16 hex digits, drawn by the kernel when it loaded the code. */
  load: string;
  /** SHA-256 over the code in memory, hex. */
  measurement: string;
  /** HMAC-SHA-256 over all of it and the nonce, hex. */
  mac: string;
}

export const OUTCOMES = ['passed', 'wrong-mac', 'tampered', 'silent', 'refused'] as const;
/**
 * `wrong-mac`: not answered with the instance's key, or for another nonce. `tampered`: the code
 * in memory changed since it was loaded. `silent`: no answer within the window. `refused`: the
 * host cannot answer, and says why.
 */
export type Outcome = (typeof OUTCOMES)[number];

export interface ChallengeResult {
  deployment: string;
  host: string;
  role: Role;
  instance: string;
  outcome: Outcome;
  /** Why it failed, and what to do. */
  message?: string;
  /** Milliseconds until the answer, or until it was given up. */
  ms: number;
  /** ISO 8601. */
  at: string;
}

export class ChallengeRequest {
  @Describe('Name of the deployment', 'tag-dns')
  @IsName()
  deployment: string;

  @Describe('One of its hosts; absent: all', 'client')
  @IsOptional()
  @IsName()
  host?: string;
}

export interface ChallengeReply {
  results: ChallengeResult[];
}

export class ChallengePolicy {
  @Describe('Name of the deployment; it need not be there yet', 'tag-dns')
  @IsName()
  deployment: string;

  @Describe('Seconds between two challenges of an instance', 60)
  @IsInt()
  @Min(1)
  @Max(86_400)
  interval: number;

  @Describe('Seconds for an answer; failure, silence and lateness revoke the deployment', 5)
  @IsInt()
  @Min(1)
  @Max(3_600)
  window: number;
}

export class DropPolicyRequest {
  @Describe('Name of the deployment', 'tag-dns')
  @IsName()
  deployment: string;
}

export class RequirePolicyRequest {
  @Describe(
    'Networks in which a deployment needs a challenge policy: all of them, instead of those before',
    ['10.45.0.0/24'],
  )
  @IsArray()
  @ArrayMaxSize(256)
  @ArrayUnique()
  @IsPrefix(true)
  prefixes: string[];
}

export interface PoliciesReply {
  policies: ChallengePolicy[];
  /** Networks in which a deployment needs one. */
  required: string[];
}

export class ChallengesRequest {
  @Describe('Name of a deployment; absent: all', 'tag-dns')
  @IsOptional()
  @IsName()
  deployment?: string;

  @Describe('Most results, newest first; default 100', 10)
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}
