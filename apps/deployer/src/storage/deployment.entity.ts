// SPDX-License-Identifier: Apache-2.0
import type { Attach, DesiredLink, Ends, Mode, Role, Waves } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Members } from '../rollout/membership.js';
import type { Phase } from '../rollout/phase.js';

/** What a deploy request asked for, in its one form, by which a repeated request is recognised. */
export interface Specification {
  /** Of a chain, the names of its links joined. */
  customization: string;
  /** With the schema's defaults; of a chain its links have them. */
  params: Record<string, unknown>;
  chain?: DesiredLink[];
  priority: number;
  mode: Mode;
  attach: Attach;
  ends: Ends;
  waves?: Required<Waves>;
}

/** How far a rollout in waves is. */
export interface Rollout {
  /** Hosts that it has come to, in the present phase. */
  reached: number;
  /** When the present wave began, and when all its hosts confirmed; ISO 8601. */
  began: string;
  confirmed?: string;
  /** Why it was taken back. */
  problem?: string;
}

/** An intent, and how far it is. Revoked ones stay as history. */
@Entity('deployment')
export class DeploymentRow {
  @PrimaryColumn('uuid')
  id: string;

  @Column('text')
  name: string;

  /** As it was asked for; priority and mode may have been changed since. */
  @Column('jsonb')
  specification: Specification;

  @Column('jsonb')
  members: Members;

  @Column('integer')
  priority: number;

  /** While it is rotated: other priorities at one end or both. */
  @Column('jsonb', { nullable: true })
  priorities: Partial<Record<Role, number>> | null;

  @Column('text')
  mode: Mode;

  @Column('boolean')
  deprecated: boolean;

  @Column('text')
  phase: Phase;

  /** While it is rolled out in waves, or when that has failed. */
  @Column('jsonb', { nullable: true })
  rollout: Rollout | null;

  /** Its revocation does not wait for hosts that are silent. */
  @Column('boolean', { default: false })
  forced: boolean;

  @Column('integer')
  revision: number;

  /** W3C trace context of the request that changed it last. */
  @Column('text', { nullable: true })
  traceparent: string | null;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;
}
