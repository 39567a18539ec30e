// SPDX-License-Identifier: Apache-2.0
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import type {
  AgentProblem,
  AttachedSocket,
  Counters,
  LoadedCustomization,
  ObservedInstance,
} from './agent.dto.js';
import { Describe, IsName, type Mode, type Role, type Target } from './common.dto.js';
import type { EventName } from './events.js';

const DEPLOYMENT = 'Name of a deployment, or its identifier';

/** An answer has to fit into a message. */
class Limited {
  @Describe('Most entries; default 100', 10)
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(500)
  limit?: number;
}

/**
 * A time of the past, newest first: who wants more asks for what was until the last one. What is as
 * old as the last one comes with it, beyond the limit if need be.
 */
class Past extends Limited {
  @Describe('From then on, ISO 8601', '2026-11-22T13:00:00Z')
  @IsOptional()
  @IsISO8601()
  since?: string;

  @Describe('Before then, ISO 8601', '2026-11-22T14:00:00Z')
  @IsOptional()
  @IsISO8601()
  until?: string;
}

export class HostsRequest extends Limited {
  @Describe('Name of one host; absent: all', 'client')
  @IsOptional()
  @IsName()
  host?: string;

  @Describe('Only those whose names come after this one: `next` of the answer before', 'client')
  @IsOptional()
  @IsName()
  after?: string;
}

/** A host, as its agent reported it last. */
export interface Host {
  host: string;
  /** Whether its agent reported within the last 15 seconds. */
  online: boolean;
  lastSeen: string;
  target: Target;
  bootId: string;
  agentVersion: string;
  desiredRevision: number;
  customizations: LoadedCustomization[];
  instances: ObservedInstance[];
  problems: AgentProblem[];
}

export interface HostsReply {
  /** By name. */
  hosts: Host[];
  /** There are more: ask for those `after` this one. */
  next?: string;
}

export const INSTANCE_STATES = ['installed', 'deprecated', 'revoked'] as const;
/** `deprecated`: no new sockets. `revoked`: no longer in the host's kernel. */
export type InstanceState = (typeof INSTANCE_STATES)[number];

export class InstancesRequest extends Limited {
  @Describe('Name of one host; absent: all', 'client')
  @IsOptional()
  @IsName()
  host?: string;

  @Describe(DEPLOYMENT, 'tag-dns')
  @IsOptional()
  @IsName()
  deployment?: string;

  @Describe('Absent: all', 'installed')
  @IsOptional()
  @IsIn(INSTANCE_STATES)
  state?: InstanceState;
}

/** What became of one instance, as its host reported it. */
export interface InstanceReport {
  host: string;
  instance: string;
  /** Identifier of the deployment. */
  deployment: string;
  /** Its name, once known. */
  name?: string;
  customization: string;
  role: Role;
  state: InstanceState;
  mode: Mode;
  priority: number;
  /** Sockets attached, by the last report. */
  sockets: number;
  /** When it had a message last; absent: never. */
  lastUsed?: string;
  counters: Counters;
  installedAt: string;
  deprecatedAt?: string;
  revokedAt?: string;
}

export interface InstancesReply {
  /** Those installed last come first. */
  instances: InstanceReport[];
}

export class FlowsRequest extends Limited {
  @Describe('Name of one host; absent: all that report sockets', 'client')
  @IsOptional()
  @IsName()
  host?: string;

  @Describe(DEPLOYMENT, 'tag-dns')
  @IsOptional()
  @IsName()
  deployment?: string;

  @Describe('Name of an application', 'dnsmasq')
  @IsOptional()
  @Length(1, 15)
  application?: string;
}

/** A flow that is customized at this moment. */
export interface Flow extends AttachedSocket {
  host: string;
  /** Names, or identifiers, of the deployments of its instances. */
  deployments: string[];
}

export interface FlowsReply {
  flows: Flow[];
  /** How many there are, with those beyond the limit. */
  total: number;
  /** Hosts that could not be asked, and why. */
  unanswered: { host: string; reason: string }[];
}

export class DriftRequest {
  @Describe('Name of one host; absent: all', 'client')
  @IsOptional()
  @IsName()
  host?: string;
}

export const DRIFTS = [
  'behind',
  'problem',
  'missing',
  'unwanted',
  'different',
  'other-build',
] as const;
/**
 * `behind`: a newer desired state was not applied yet. `problem`: the agent says why not. An
 * instance that is `missing`, `unwanted` or `different`; a module that is an `other-build`.
 */
export type DriftKind = (typeof DRIFTS)[number];

export interface DriftReason {
  kind: DriftKind;
  /** Instance, module or host that it is about. */
  subject: string;
  message: string;
}

/** A host that does not run what it should. */
export interface HostDrift {
  host: string;
  online: boolean;
  since: string;
  /** The first ones, at most 20. */
  reasons: DriftReason[];
}

export interface DriftReply {
  hosts: HostDrift[];
}

/** A host has not been as desired for a while, or is so again. */
export interface DriftEvent {
  host: string;
  drifted: boolean;
  since: string;
  /** As they were when it began. */
  reasons: DriftReason[];
}

export class SamplesRequest extends Past {
  @Describe('Name of one host; absent: all', 'client')
  @IsOptional()
  @IsName()
  host?: string;

  @Describe(DEPLOYMENT, 'tag-dns')
  @IsOptional()
  @IsName()
  deployment?: string;
}

/** What an instance had counted at one time. */
export interface Sample {
  host: string;
  instance: string;
  deployment: string;
  name?: string;
  role: Role;
  sockets: number;
  counters: Counters;
  at: string;
}

export interface SamplesReply {
  samples: Sample[];
}

export class EventsRequest extends Past {
  @Describe('Names of events, or all of a service; absent: all', ['monitor.host', 'security.*'])
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(16)
  @Matches(/^[a-z]+\.(\*|[a-z]+)$/, {
    each: true,
    message: 'each of $property must be <service>.<event> or <service>.*',
  })
  events?: string[];

  @Describe('Name of a host, deployment, middlebox or application that they are about', 'client')
  @IsOptional()
  @Length(1, 63)
  about?: string;
}

/** An event of the past. */
export interface PastEvent {
  event: EventName;
  at: string;
  payload: unknown;
}

export interface EventsReply {
  events: PastEvent[];
}
