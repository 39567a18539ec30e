// SPDX-License-Identifier: Apache-2.0
import type { ObservedState } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A host, as its agent reported it last. */
@Entity('host')
export class HostRow {
  @PrimaryColumn('text')
  name: string;

  @Column('jsonb')
  report: ObservedState;

  /** When the report reached the bus, by the clock of the NATS server. */
  @Column('timestamptz')
  lastSeen: Date;

  /** What was said of it last. */
  @Column('boolean')
  online: boolean;
}
