// SPDX-License-Identifier: Apache-2.0
import type { Artifact } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What the builder made of a customization for a target, or why it could not. */
@Entity('build')
export class BuildRow {
  @PrimaryColumn('text')
  customization: string;

  @PrimaryColumn('text')
  kernelRelease: string;

  @PrimaryColumn('text')
  arch: string;

  /** In load order; null: the build failed. */
  @Column('jsonb', { nullable: true })
  artifacts: Artifact[] | null;

  @Column('text', { nullable: true })
  problem: string | null;
}
