// SPDX-License-Identifier: Apache-2.0
import type { Endorsement } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that signs artifacts, or did. */
@Entity('signing_key')
export class SigningKeyRow {
  @PrimaryColumn('text')
  id: string;

  /** SPKI, DER, base64. */
  @Column('text')
  publicKey: string;

  /** PKCS #8, DER, sealed. */
  @Column('bytea')
  privateKey: Buffer;

  @Column('timestamptz')
  notBefore: Date;

  /** Null: it is the one that signs. */
  @Column('timestamptz', { nullable: true })
  notAfter: Date | null;

  @Column('jsonb', { nullable: true })
  endorsement: Endorsement | null;
}
