// SPDX-License-Identifier: Apache-2.0
import {
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Max,
  Min,
} from 'class-validator';
import { Artifact } from './builder.dto.js';
import { DesiredLink, IsChain, IsCustomization } from './chain.dto.js';
import {
  ATTACH,
  type Attach,
  Describe,
  type Direction,
  DIRECTIONS,
  IsName,
  IsPriority,
  Match,
  type Mode,
  MODES,
  Nested,
  NestedList,
  type Protocol,
  type Role,
  ROLES,
  type Target,
} from './common.dto.js';

/** One deployment's end, as a host's kernel should have it. */
export class DesiredInstance {
  @Describe('Identifier of the instance, one for each deployment, host and role')
  @IsUUID()
  id: string;

  @Describe('Identifier of the deployment')
  @IsUUID()
  deployment: string;

  @IsCustomization()
  customization: string;

  @IsIn(ROLES)
  role: Role;

  @Nested(() => Match)
  match: Match;

  @Describe(
    "Parameters with the schema's defaults filled in: booleans, integers from 0, text, or " +
      'bytes as {"hex": "00ff"} (what the schema gives in base16)',
  )
  @IsObject()
  params: Record<string, unknown>;

  @Describe("The links of a chain, each with its parameters; the instance's own are empty then")
  @IsOptional()
  @IsChain(() => DesiredLink)
  chain?: DesiredLink[];

  @IsPriority()
  priority: number;

  @IsIn(MODES)
  mode: Mode;

  @Describe('ingress alone: understands, but does not speak yet (or any more)')
  @IsArray()
  @ArrayUnique()
  @IsIn(DIRECTIONS, { each: true })
  directions: Direction[];

  @IsIn(ATTACH)
  attach: Attach;

  @Describe('No new sockets; a host that no longer has the instance need not create it again')
  @IsBoolean()
  deprecated: boolean;
}

/** Value of KV `l45_desired/<host>`: all that a host should run. */
export class DesiredState {
  @IsName()
  host: string;

  @Describe('Grows with every change for this host')
  @IsInt()
  revision: number;

  @Describe('Modules to have loaded, in load order')
  @NestedList(() => Artifact)
  artifacts: Artifact[];

  @NestedList(() => DesiredInstance)
  instances: DesiredInstance[];

  @Describe('W3C trace context of the command that led to this state')
  @IsOptional()
  @IsString()
  traceparent?: string;
}

/** Counted by the kernel; decimal digits, because they outgrow a JSON number's 53 bits. */
export interface Counters {
  egressMessages: string;
  egressBytesIn: string;
  egressBytesOut: string;
  ingressMessages: string;
  ingressBytesIn: string;
  ingressBytesOut: string;
  inserted: string;
  removed: string;
  passed: string;
  dropped: string;
  errors: string;
  observed: string;
  attached: string;
}

/** One instance, as the kernel reports it. */
export interface ObservedInstance {
  id: string;
  deployment: string;
  /** Of a chain, the names of its links joined by `+`. */
  customization: string;
  role: Role;
  priority: number;
  mode: Mode;
  directions: Direction[];
  deprecated: boolean;
  /** Sockets attached now. */
  sockets: number;
  /** Nanoseconds of the host's CLOCK_BOOTTIME, decimal; `0`: never. */
  lastUsed: string;
  counters: Counters;
}

/** What kept the agent from reaching the desired state. */
export interface AgentProblem {
  /** Instance or artifact it is about. */
  subject: string;
  name: string;
  message: string;
}

export interface LoadedCustomization {
  name: string;
  version: string;
  srcversion: string;
  /** Instances that use it, and revoked ones that a stream still holds. */
  users: number;
}

/** Value of KV `l45_observed/<host>`: what a host's kernel runs. */
export interface ObservedState {
  host: string;
  target: Target;
  bootId: string;
  /** When CLOCK_BOOTTIME was 0, ISO 8601, by the host's clock. */
  bootedAt?: string;
  agentVersion: string;
  /** By which deployments select hosts. */
  labels?: Record<string, string>;
  /** Revision of the desired state that was applied last, wholly or with problems; 0: none yet. */
  desiredRevision: number;
  /** Version and interface of the loaded core module; absent while it is not loaded. */
  core?: { version: string; abi: number; srcversion: string };
  customizations: LoadedCustomization[];
  instances: ObservedInstance[];
  problems: AgentProblem[];
  /** ISO 8601, by the host's clock. */
  at: string;
  /** W3C trace context, in the first report of what a command led to. */
  traceparent?: string;
}

/** A socket with instances attached. */
export interface AttachedSocket {
  cookie: string;
  protocol: Protocol;
  local: { address: string; port: number };
  remote?: { address: string; port: number };
  application: string;
  pid: number;
  uid: number;
  /** Identifiers, by priority. */
  instances: string[];
  /** Revoked instances of which a stream may have bytes still to read; empty on UDP. */
  draining: string[];
}

/** Answer of `l45.agent.<host>.status`, read from the kernel at that moment. */
export interface AgentStatus extends ObservedState {
  sockets: AttachedSocket[];
}

export class AgentFlowsRequest {
  @Describe('Identifiers of instances, any of which the flows have attached; absent: of all')
  @IsOptional()
  @IsArray()
  @IsUUID(undefined, { each: true })
  instances?: string[];

  @Describe('Name of the application that owns the socket', 'dnsmasq')
  @IsOptional()
  @Length(1, 15)
  application?: string;

  @Describe('Most flows in the answer', 100)
  @IsInt()
  @Min(1)
  @Max(500)
  limit: number;
}

/** Answer of `l45.agent.<host>.flows`, read from the kernel at that moment. */
export interface AgentFlowsReply {
  flows: AttachedSocket[];
  /** How many there are, with those beyond the limit. */
  total: number;
}
