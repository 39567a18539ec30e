// SPDX-License-Identifier: Apache-2.0
import type { Successor } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Rotations at intervals, and how far they are. */
@Entity('schedule')
export class ScheduleRow {
  @PrimaryColumn('text')
  name: string;

  /** Name of the deployment that was there before the last rotation. */
  @Column('text')
  current: string;

  /** Rotations that were begun. */
  @Column('integer')
  turns: number;

  /** Seconds. */
  @Column('integer')
  interval: number;

  @Column('jsonb')
  deployments: Successor[];

  /** Seconds that each rotation has to be confirmed, and to drain. */
  @Column('integer')
  timeout: number;

  @Column('integer')
  drain: number;

  @Column('text')
  author: string;

  @Column('timestamptz')
  nextAt: Date;

  @Column('text', { nullable: true })
  problem: string | null;
}
