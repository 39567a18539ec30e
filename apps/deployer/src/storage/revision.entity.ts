// SPDX-License-Identifier: Apache-2.0
import type { Change, FieldChange, Mode } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One accepted change of a deployment. Numbers go on when a name is used again. */
@Entity('revision')
export class RevisionRow {
  @PrimaryColumn('text')
  name: string;

  @PrimaryColumn('integer')
  revision: number;

  @Column('uuid')
  deployment: string;

  @Column('text')
  change: Change;

  @Column('text')
  author: string;

  @Column('text', { nullable: true })
  reason: string | null;

  @Column('jsonb')
  diff: FieldChange[];

  /** What the deployment was from then on, as far as it can change. */
  @Column('jsonb')
  settings: Settings;

  @Column('timestamptz')
  at: Date;
}

export interface Settings {
  priority: number;
  mode: Mode;
  deprecated: boolean;
  revoked: boolean;
}
