// SPDX-License-Identifier: Apache-2.0
import type { RotationStep } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One deployment that takes the place of another, and how far that is. */
@Entity('rotation')
export class RotationRow {
  @PrimaryColumn('uuid')
  id: string;

  /** Identifiers of the deployments. */
  @Column('uuid')
  from: string;

  @Column('uuid')
  to: string;

  @Column('text')
  step: RotationStep;

  /** When hosts must have confirmed that the new one speaks. */
  @Column('timestamptz')
  deadline: Date;

  @Column('integer')
  drainSeconds: number;

  /** Priority of the old one, where the new one comes before it. */
  @Column('integer')
  behind: number;

  /** Messages that the old one has understood since it is silent. */
  @Column('text', { nullable: true })
  received: string | null;

  /** Since when that is the same. */
  @Column('timestamptz', { nullable: true })
  quietSince: Date | null;

  @Column('timestamptz', { nullable: true })
  switchedAt: Date | null;

  @Column('text', { nullable: true })
  problem: string | null;

  @Column('text')
  author: string;

  @Column('text', { nullable: true })
  reason: string | null;

  @Column('timestamptz')
  createdAt: Date;

  @Column('timestamptz')
  updatedAt: Date;
}
