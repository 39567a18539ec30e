// SPDX-License-Identifier: Apache-2.0
import type { EventName } from '@l45/contracts';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** An event that was stored together with what it tells, and is still to be published. */
@Entity('outbox')
export class OutboxRow {
  @PrimaryGeneratedColumn('identity', { type: 'bigint', generatedIdentity: 'ALWAYS' })
  id: string;

  @Column('text')
  event: EventName;

  @Column('jsonb')
  payload: object;
}
