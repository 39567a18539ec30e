// SPDX-License-Identifier: Apache-2.0
import type { Endpoint, MiddleboxDesiredState } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

export type Desired = Pick<MiddleboxDesiredState, 'types' | 'modules' | 'assignments'>;

/** A middlebox that was registered, and what it should have loaded. */
@Entity('middlebox')
export class MiddleboxRow {
  @PrimaryColumn('text')
  name: string;

  @Column('jsonb')
  types: string[];

  @Column('jsonb', { nullable: true })
  sees: Endpoint | null;

  /** Of `desired`. */
  @Column('integer')
  revision: number;

  @Column('jsonb')
  desired: Desired;
}
