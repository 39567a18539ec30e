// SPDX-License-Identifier: Apache-2.0
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One source of a customization, and its place in the order of all that were signed. */
@Entity('release')
export class ReleaseRow {
  @PrimaryColumn('text')
  customization: string;

  /** SHA-256 over the source, hex. */
  @PrimaryColumn('text')
  source: string;

  @Column('integer')
  counter: number;
}
