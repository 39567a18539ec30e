// SPDX-License-Identifier: Apache-2.0
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that is nobody's any more. */
@Entity('revoked_key')
export class RevokedKeyRow {
  @PrimaryColumn('text')
  publicKey: string;

  @Column('text')
  host: string;

  @Column('timestamptz')
  at: Date;
}
