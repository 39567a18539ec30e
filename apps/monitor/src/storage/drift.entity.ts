// SPDX-License-Identifier: Apache-2.0
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A host that does not run what it should, and of which an event has told that. */
@Entity('drift')
export class DriftRow {
  @PrimaryColumn('text')
  host: string;

  @Column('timestamptz')
  since: Date;
}
