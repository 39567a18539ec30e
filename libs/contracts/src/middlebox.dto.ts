// SPDX-License-Identifier: Apache-2.0
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Min,
} from 'class-validator';
import { createHash } from 'node:crypto';
import type { AgentProblem } from './agent.dto.js';
import { CustomizationRef } from './builder.dto.js';
import { IsCustomization } from './chain.dto.js';
import { ArtifactSignature } from './signature.js';
import {
  Describe,
  Endpoint,
  IsDigest,
  IsName,
  IsPriority,
  Match,
  Nested,
  NestedList,
  type Role,
  ROLES,
  type Target,
} from './common.dto.js';

/** What kind of inverse module a middlebox loads. Customizations say which they have. */
const TYPE = /^[a-z][a-z0-9-]{0,30}$/;
const APPLICATION = /^[ -~]{1,15}$/;

export class RegisterMiddleboxRequest {
  @Describe('Name of the middlebox, by which its agent reports', 'tap-1')
  @IsName()
  middlebox: string;

  @Describe('Types of inverse modules that it loads', ['wireshark', 'pcap'])
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(16)
  @ArrayUnique()
  @Matches(TYPE, { each: true, message: 'each of $property must be a type of inverse module' })
  types: string[];

  @Describe('Flows that pass it: those with one side here; absent: all')
  @IsOptional()
  @Nested(() => Endpoint)
  sees?: Endpoint;
}

export class MiddleboxRequest {
  @Describe('Name of the middlebox', 'tap-1')
  @IsName()
  middlebox: string;
}

export class MiddleboxesRequest {
  @Describe('Name of one middlebox; absent: all', 'tap-1')
  @IsOptional()
  @IsName()
  middlebox?: string;
}

export class AssignmentsRequest {
  @Describe('Name of a deployment; absent: all', 'tag-dns')
  @IsOptional()
  @IsName()
  deployment?: string;
}

export class AllowRequest {
  @Describe('Name of a deployment whose tags carry application ids', 'tag-dns')
  @IsName()
  deployment: string;

  @Describe(
    'Application ids that may occur there; any other one raises the event middlebox.application. ' +
      'Empty: whatever occurs is reported, and nothing raises an event',
    ['dig', 'dnsmasq'],
  )
  @IsArray()
  @ArrayMaxSize(1000)
  @ArrayUnique()
  @Matches(APPLICATION, { each: true, message: 'each of $property must have 1 to 15 characters' })
  applications: string[];
}

/** A file of an inverse module, stored under its digest in the object store. */
export class InverseFile {
  @Describe('Name of the file', 'dns_tag.lua')
  @Matches(/^[a-z0-9_][a-z0-9_.-]{0,62}$/)
  name: string;

  @Describe('SHA-256 of the bytes, hex')
  @IsDigest()
  digest: string;

  @Describe('Bytes')
  @IsInt()
  @Min(1)
  size: number;
}

/** What lets a middlebox of one type read what one customization did. */
export class InverseModule {
  @IsName()
  customization: string;

  @Matches(TYPE)
  type: string;

  @Describe('What all modules of the type share comes first, its own file last')
  @NestedList(() => InverseFile)
  @ArrayMinSize(1)
  files: InverseFile[];

  @Describe('Over all its files; without it no middlebox loads the module')
  @IsOptional()
  @Nested(() => ArtifactSignature)
  signature?: ArtifactSignature;
}

/** In the target of an inverse module that is a text, and runs anywhere. */
export const ANY_ARCH = 'any';

/** What is signed of an inverse module: a digest over the names and digests of its files. */
export const inverseDigest = (files: Pick<InverseFile, 'name' | 'digest'>[]): string =>
  createHash('sha256')
    .update(JSON.stringify(['l45-inverse', ...files.map(({ name, digest }) => [name, digest])]))
    .digest('hex');

/** Its target names its type where others name a kernel, so that neither passes for the other. */
export const inverseTarget = (type: string, arch: string): Target => ({
  kernelRelease: type,
  arch,
});

export class InverseRequest extends CustomizationRef {
  @Describe('Type of the middlebox', 'wireshark')
  @Matches(TYPE)
  type: string;
}

/** The flows of one end of a deployment, as its hosts see them. */
export class AssignedEnd {
  @IsIn(ROLES)
  role: Role;

  @Nested(() => Match)
  match: Match;
}

/** A deployment whose flows a middlebox sees. */
export class Assignment {
  @Describe('Identifier of the deployment, which is its mark on the wire')
  @IsUUID()
  deployment: string;

  @Describe('Name of the deployment', 'tag-dns')
  @IsName()
  name: string;

  @IsCustomization()
  customization: string;

  @Describe('Parameters with the schema\'s defaults; bytes as {"hex": "00ff"} or hexadecimal')
  @IsObject()
  params: Record<string, unknown>;

  @IsPriority()
  priority: number;

  @NestedList(() => AssignedEnd)
  ends: AssignedEnd[];
}

/** Value of KV `l45_middlebox_desired/<middlebox>`: all that a middlebox should have loaded. */
export class MiddleboxDesiredState {
  @IsName()
  middlebox: string;

  @Describe('Grows with every change for this middlebox')
  @IsInt()
  revision: number;

  @Matches(TYPE, { each: true })
  types: string[];

  @NestedList(() => InverseModule)
  modules: InverseModule[];

  @Describe('By priority')
  @NestedList(() => Assignment)
  assignments: Assignment[];

  @Describe('W3C trace context of the command that led to this state')
  @IsOptional()
  @IsString()
  traceparent?: string;
}

/** An application that a middlebox has seen, by the tags of a deployment. */
export interface SeenApplication {
  /** Identifier of the deployment. */
  deployment: string;
  application: string;
  /** Address that sent it. */
  source: string;
  /** Messages, or parts of streams, that carried the tag since the middlebox began to count. */
  count: number;
  /** The last DNS name that it asked for, if it was DNS. */
  query?: string;
  /** ISO 8601, by the clock of the capture. */
  lastSeen: string;
}

/** Value of KV `l45_middlebox_observed/<middlebox>`. */
export interface MiddleboxObservedState {
  middlebox: string;
  agentVersion: string;
  /** Revision of the desired state that was applied last, wholly or with problems; 0: none yet. */
  desiredRevision: number;
  /** Identifiers of the deployments that it can read, in all of its types. */
  assignments: string[];
  problems: AgentProblem[];
  /** The newest ones, at most 256. */
  applications: SeenApplication[];
  /** ISO 8601, by the middlebox' clock. */
  at: string;
}

/**
 * Value of KV `l45_prepared/<deployment>`: whether all middleboxes that see a deployment's flows
 * can read them. No host speaks before.
 */
export interface Prepared {
  /** Identifier of the deployment. */
  deployment: string;
  ready: boolean;
  /** Middleboxes that can't read it yet, and why. */
  waiting: { middlebox: string; reason: string }[];
}

export interface Middlebox {
  middlebox: string;
  types: string[];
  sees?: Endpoint;
  /** Whether its agent reported within the last 15 seconds. */
  online: boolean;
  desiredRevision: number;
  /** Revision that it applied last; 0: none. */
  appliedRevision: number;
  assignments: AssignmentProgress[];
  problems: AgentProblem[];
  applications: SeenApplication[];
}

export interface AssignmentProgress {
  /** Identifier and name of the deployment. */
  deployment: string;
  name: string;
  customization: string;
  middlebox: string;
  types: string[];
  ready: boolean;
  /** Why it is not ready. */
  reason?: string;
}

export interface MiddleboxesReply {
  middleboxes: Middlebox[];
}

export interface AssignmentsReply {
  assignments: AssignmentProgress[];
}

export interface AllowReply {
  deployment: string;
  applications: string[];
}

/** An application that may not occur where a middlebox saw it. */
export interface ApplicationEvent extends SeenApplication {
  middlebox: string;
  /** Name of the deployment. */
  name: string;
}
