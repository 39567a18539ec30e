// SPDX-License-Identifier: Apache-2.0
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmptyObject,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import type { TargetPreflight } from './builder.dto.js';
import { type ChainLink, type DesiredLink, IsChain } from './chain.dto.js';
import {
  ATTACH,
  type Attach,
  Describe,
  type Direction,
  IsName,
  IsPriority,
  IsWait,
  Match,
  type Mode,
  MODES,
  Nested,
  NestedList,
  type Role,
} from './common.dto.js';

const CHAIN_EXAMPLE = [
  { customization: 'dns_tag' },
  { customization: 'xor_dialect', params: { key: '000102030405060708090a0b0c0d0e0f' } },
];

/** Hosts by what is said of them. */
export class Selector {
  @Describe('Labels that a host has, all of these', { role: 'edge' })
  @IsObject()
  @IsNotEmptyObject()
  labels: Record<string, string>;
}

/** One end of a deployment: hosts by name, by selector, or both. */
export class End {
  @Describe('Hosts, by the names under which their agents report', ['client'])
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(10_000)
  @ArrayUnique()
  @IsName(true)
  hosts?: string[];

  @Describe('All hosts that match, also those that come later; who has joined stays')
  @IsOptional()
  @Nested(() => Selector)
  selector?: Selector;

  @Describe('Which flows of these hosts')
  @Nested(() => Match)
  match: Match;
}

/** At least one end. */
export class Ends {
  @Describe('Hosts whose applications open the flows')
  @IsOptional()
  @Nested(() => End)
  client?: End;

  @Describe('Hosts whose applications are asked')
  @IsOptional()
  @Nested(() => End)
  server?: End;
}

/** What every change may say of itself. */
export class ChangeRequest {
  @Describe('Who asks; kept with the revision', 'alice')
  @IsOptional()
  @IsString()
  @Length(1, 100)
  author?: string;

  @Describe('Why; kept with the revision', 'ticket 4711')
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;

  @Describe('Only if the deployment is at this revision, else CONFLICT; 0: only if there was none')
  @IsOptional()
  @IsInt()
  @Min(0)
  ifRevision?: number;
}

/**
 * Few hosts at a time: understanding in waves, then speaking in waves. A wave that fails ends the
 * rollout, and takes it back.
 */
export class Waves {
  @Describe('Hosts of a wave', 10)
  @IsInt()
  @Min(1)
  @Max(10_000)
  size: number;

  @Describe('Seconds that its hosts have to stay healthy before the next wave; default 10', 10)
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(86_400)
  hold?: number;

  @Describe('Seconds that its hosts have to confirm; default 60', 60)
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3_600)
  timeout?: number;

  @Describe('Messages that an instance may refuse with an error; default 0', 0)
  @IsOptional()
  @IsInt()
  @Min(0)
  errors?: number;
}

export class DeployRequest extends ChangeRequest {
  @Describe('Name of the deployment, free again once it is revoked', 'tag-dns')
  @IsName()
  name: string;

  @Describe('Name of a customization; absent: a chain', 'dns_tag')
  @IsOptional()
  @IsName()
  customization?: string;

  @Describe("Parameters, as the customization's schema has them")
  @IsOptional()
  @IsObject()
  params?: Record<string, unknown>;

  @Describe(
    "Instead of one customization: 2 to 4 that work as one, the application's end first; egress runs them in order, ingress in reverse",
    CHAIN_EXAMPLE,
  )
  @IsOptional()
  @IsChain()
  chain?: ChainLink[];

  @IsOptional()
  @IsPriority()
  priority?: number;

  @Describe('What the instances do once deployed; default active', 'active')
  @IsOptional()
  @IsIn(MODES)
  mode?: Mode;

  @Describe('Whether live sockets are matched too; default immediate', 'immediate')
  @IsOptional()
  @IsIn(ATTACH)
  attach?: Attach;

  @Describe('Where, and on which flows')
  @Nested(() => Ends)
  ends: Ends;

  @Describe('Roll it out in waves; absent: everywhere at once')
  @IsOptional()
  @Nested(() => Waves)
  waves?: Waves;

  @IsWait()
  wait?: number;
}

/** Names a deployment: activate, deactivate, observe, deprecate. */
export class DeploymentRequest extends ChangeRequest {
  @Describe('Name of the deployment', 'tag-dns')
  @IsName()
  name: string;

  @IsWait()
  wait?: number;
}

export class PrioritiseRequest extends DeploymentRequest {
  @IsPriority()
  priority: number;
}

export class RevokeRequest extends DeploymentRequest {
  @Describe('Do not wait for hosts that are offline; what they have goes once they are back')
  @IsOptional()
  @IsBoolean()
  force?: boolean;
}

export class RollbackRequest extends DeploymentRequest {
  @Describe('Revision to go back to, as `history` has it', 3)
  @IsInt()
  @Min(1)
  revision: number;
}

/** What takes the place of another deployment. It is active, and attached to live sockets. */
export class Successor {
  @Describe('Name of a customization; absent: a chain', 'dns_tag')
  @IsOptional()
  @IsName()
  customization?: string;

  @Describe("Parameters, as the customization's schema has them")
  @IsOptional()
  @IsObject()
  params?: Record<string, unknown>;

  @Describe(
    "Instead of one customization: 2 to 4 that work as one, the application's end first; egress runs them in order, ingress in reverse",
    CHAIN_EXAMPLE,
  )
  @IsOptional()
  @IsChain()
  chain?: ChainLink[];

  @Describe('Order among the instances of a socket, lower first; default: that of the old one')
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(65535)
  priority?: number;

  @Describe('Where, and on which flows; default: those of the old one')
  @IsOptional()
  @Nested(() => Ends)
  ends?: Ends;
}

export class RotateTarget extends Successor {
  @Describe('Name of the new deployment', 'tag-dns-2')
  @IsName()
  name: string;
}

/** How a rotation is paced. */
export class RotationPace extends ChangeRequest {
  @Describe('Seconds that hosts have to confirm, all steps together; then it is undone', 30)
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(3_600)
  timeout?: number;

  @Describe('Seconds without a message for the old one before it goes; default 1', 1)
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(3_600)
  drain?: number;
}

export class RotateRequest extends RotationPace {
  @Describe('Name of the deployment to replace', 'tag-dns')
  @IsName()
  from: string;

  @Describe('What replaces it')
  @Nested(() => RotateTarget)
  to: RotateTarget;

  @IsWait()
  wait?: number;
}

export class ScheduleRequest extends RotationPace {
  @Describe('Name of the schedule; its deployments are called <name>-1, <name>-2, …', 'hourly')
  @IsName()
  @MaxLength(50)
  name: string;

  @Describe('Name of the deployment to begin with', 'tag-dns')
  @IsName()
  from: string;

  @Describe('What takes turns, in this order, and then from the beginning')
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @NestedList(() => Successor)
  deployments: Successor[];

  @Describe('Seconds between two rotations, more than `timeout` and `drain` together', 3600)
  @IsInt()
  @Min(1)
  @Max(31_536_000)
  interval: number;
}

export class UnscheduleRequest {
  @Describe('Name of the schedule', 'hourly')
  @IsName()
  name: string;
}

/** Names either deployment of a rotation. */
export class RotationRequest {
  @Describe('Name of the old or the new deployment', 'tag-dns')
  @IsName()
  name: string;

  @IsWait()
  wait?: number;
}

export class RotationsRequest {
  @Describe('Name of the old or the new deployment; absent: all that are under way', 'tag-dns')
  @IsOptional()
  @IsName()
  name?: string;
}

export const PLANNED = [
  'activate',
  'deactivate',
  'observe',
  'prioritise',
  'deprecate',
  'revoke',
] as const;

/** Either a deployment that would be, or a change of one that is. */
export class PlanRequest {
  @Describe('The request whose effect is asked for')
  @IsOptional()
  @Nested(() => DeployRequest)
  deploy?: DeployRequest;

  @Describe('The change of a deployment whose effect is asked for', 'revoke')
  @IsOptional()
  @IsIn(PLANNED)
  change?: (typeof PLANNED)[number];

  @Describe('Name of the deployment to change', 'tag-dns')
  @IsOptional()
  @IsName()
  name?: string;

  @IsOptional()
  @IsPriority()
  priority?: number;
}

export class HistoryRequest {
  @Describe('Name of a deployment, live or revoked', 'tag-dns')
  @IsName()
  name: string;
}

export class StatusRequest {
  @Describe('Name of one deployment; absent: all that are not revoked', 'tag-dns')
  @IsOptional()
  @IsName()
  name?: string;
}

export const DEPLOYMENT_STATES = ['deploying', 'deployed', 'revoking', 'revoked'] as const;
/**
 * `deploying`: some host does not have what was asked yet. `deployed`: every host has it.
 * `revoking` / `revoked`: likewise for its removal.
 */
export type DeploymentState = (typeof DEPLOYMENT_STATES)[number];

/** How far one host is. */
export interface HostProgress {
  host: string;
  role: Role;
  converged: boolean;
  /** Why it has not converged. */
  reason?: string;
}

/** How far a rollout in waves is. */
export interface RolloutProgress {
  /** `ingress`: hosts come to understand; `egress`: then they come to speak. */
  step: Direction;
  /** Hosts that it has come to in this step, of all. */
  reached: number;
  total: number;
  /** Which host failed and how, if it was taken back. */
  problem?: string;
}

export interface Deployment {
  /** UUID; the mark on the wire is derived from it. */
  id: string;
  name: string;
  /** Of a chain, the names of its links joined by `+`. */
  customization: string;
  params: Record<string, unknown>;
  /** The links of a chain. */
  chain?: DesiredLink[];
  priority: number;
  mode: Mode;
  attach: Attach;
  deprecated: boolean;
  ends: Ends;
  state: DeploymentState;
  /** Grows by one with every accepted change of what has this name. */
  revision: number;
  hosts: HostProgress[];
  /** While it is rolled out in waves, or when that has failed. */
  rollout?: RolloutProgress;
  createdAt: string;
  updatedAt: string;
}

export interface StatusReply {
  deployments: Deployment[];
}

/** What one revision changed. */
export interface FieldChange {
  field: string;
  /** Absent: there was nothing. */
  from?: unknown;
  to: unknown;
}

export const CHANGES = [
  'deploy',
  'activate',
  'deactivate',
  'observe',
  'prioritise',
  'deprecate',
  'revoke',
  'rollback',
  'rotate',
] as const;
export type Change = (typeof CHANGES)[number];

export interface Revision {
  revision: number;
  /** Identifier of the deployment that had the name. */
  deployment: string;
  change: Change;
  author: string;
  reason?: string;
  diff: FieldChange[];
  at: string;
}

export interface HistoryReply {
  name: string;
  /** Newest first. */
  revisions: Revision[];
}

/** While a request waits: how far its deployment is. */
export interface DeploymentProgress {
  id: string;
  name: string;
  state: DeploymentState;
  /** Of how many hosts and roles. */
  total: number;
  converged: number;
  /** Some of those that have not, and why. */
  waiting: HostProgress[];
}

export const ROTATION_STEPS = [
  'attach',
  'receivers',
  'senders',
  'drain',
  'removal',
  'done',
  'aborting',
  'aborted',
] as const;
/**
 * `attach`: the new one is attached behind the old. `receivers`, then `senders`: it comes before
 * the old one at the server's end, then at the client's. `drain`: the old one is silent, and
 * still understands. `removal`: it goes. `aborting` / `aborted`: everything is as it was before.
 */
export type RotationStep = (typeof ROTATION_STEPS)[number];

export interface Rotation {
  id: string;
  from: string;
  to: string;
  step: RotationStep;
  /** Why it was aborted. */
  problem?: string;
  author: string;
  reason?: string;
  createdAt: string;
  /** When the last end confirmed that the new one speaks. */
  switchedAt?: string;
  updatedAt: string;
  /** How far the hosts of both are, of those that are not yet where they should be. */
  waiting: HostProgress[];
}

export interface RotationsReply {
  rotations: Rotation[];
}

export interface Schedule {
  name: string;
  /** Name of the deployment that was rotated to last, or began. */
  current: string;
  interval: number;
  deployments: { customization: string }[];
  nextAt: string;
  /** Why the last rotation could not begin. */
  problem?: string;
}

export interface SchedulesReply {
  schedules: Schedule[];
}

export interface PlannedInstance {
  id: string;
  customization: string;
  role: Role;
  /** Of an instance that changes. */
  diff?: FieldChange[];
}

/** What would change on one host. */
export interface HostPlan {
  host: string;
  /** Modules. */
  load: string[];
  unload: string[];
  create: PlannedInstance[];
  change: PlannedInstance[];
  remove: PlannedInstance[];
  /** Why it would not come to be. */
  problem?: string;
}

export interface Plan {
  /** Those on which anything would change. */
  hosts: HostPlan[];
  /** What would be built, or cannot be. */
  builds: TargetPreflight[];
}
