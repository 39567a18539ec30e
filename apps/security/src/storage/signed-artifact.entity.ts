// SPDX-License-Identifier: Apache-2.0
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was signed; who asks for a rollback names an artifact, and means its source. */
@Entity('signed_artifact')
export class SignedArtifactRow {
  /** SHA-256 of the bytes, hex. */
  @PrimaryColumn('text')
  digest: string;

  @Column('text')
  customization: string;

  @Column('text')
  source: string;

  /** When it was signed first. */
  @Column('timestamptz', { default: () => 'now()' })
  signedAt: Date;
}
