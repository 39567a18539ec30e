// SPDX-License-Identifier: Apache-2.0
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator';
import { Describe, IsName } from './common.dto.js';

/** What an agent is, as L45_ROLE has it. */
export const AGENT_ROLES = ['host', 'middlebox'] as const;
export type AgentRole = (typeof AGENT_ROLES)[number];

/** Name of the host that a machine is, by its host name or that of its node: the first label. */
export const hostOfNode = (name: string): string => (name.split('.')[0] ?? '').toLowerCase();

export class InviteRequest {
  @Describe(
    'Name of the host or middlebox that may enrol; one that was revoked may again',
    'client',
  )
  @IsName()
  host: string;

  @Describe('What its agent is; default: host', 'host')
  @IsOptional()
  @IsIn(AGENT_ROLES)
  role?: AgentRole;

  @Describe('Seconds for which the token is good; default: an hour', 3_600)
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(604_800)
  expires?: number;
}

export interface Invitation {
  host: string;
  role: AgentRole;
  /** For L45_ENROL_TOKEN on the host: good for one identity, and for nothing else. */
  token: string;
  /** ISO 8601. */
  expiresAt: string;
}

export class EnrolRequest {
  @Describe('The token of an invitation, or of a Kubernetes pod')
  @IsString()
  @MaxLength(16_384)
  token: string;

  @Describe('Public key (NATS user nkey) whose private key was made on the host, and stays there')
  @Matches(/^U[A-Z2-7]{55}$/, { message: '$property must be the public nkey of a NATS user' })
  publicKey: string;
}

export interface Enrolment {
  host: string;
  role: AgentRole;
  /** NATS user JWT: who has the private key is the agent of this host. */
  jwt: string;
}

export class IdentityRequest {
  @Describe('Name of the host or middlebox', 'client')
  @IsName()
  host: string;
}

/** Who may be the agent of a host. */
export interface Identity {
  host: string;
  role: AgentRole;
  /** ISO 8601; absent: invited, but not enrolled yet. */
  enrolledAt?: string;
  /** ISO 8601; the bus refuses it from then on. */
  revokedAt?: string;
}

export interface IdentitiesReply {
  identities: Identity[];
}
