// SPDX-License-Identifier: Apache-2.0
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A customization that a request brought. */
@Entity('added_customization')
export class AddedCustomization {
  @PrimaryColumn('text')
  name: string;

  /** Text of its customization.yaml. */
  @Column('text')
  manifest: string;

  /** Name → text. */
  @Column('jsonb')
  files: Record<string, string>;

  /** SHA-256 over the files, hex. */
  @Column('text')
  sourceDigest: string;

  @CreateDateColumn({ type: 'timestamptz' })
  addedAt: Date;
}
