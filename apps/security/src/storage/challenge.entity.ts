// SPDX-License-Identifier: Apache-2.0
import type { Outcome, Role } from '@l45/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A challenge of the past. */
@Entity('challenge')
export class ChallengeRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id: string;

  @Column('text')
  deployment: string;

  @Column('text')
  host: string;

  @Column('text')
  role: Role;

  @Column('uuid')
  instance: string;

  @Column('text')
  outcome: Outcome;

  @Column('text', { nullable: true })
  message: string | null;

  /** Milliseconds. */
  @Column('integer')
  ms: number;

  @Column('timestamptz')
  at: Date;
}
