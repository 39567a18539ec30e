// SPDX-License-Identifier: Apache-2.0
import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** What was built of exactly which sources, by which compiler, for which kernel. */
@Entity('built_module')
export class BuiltModule {
  /** Digest of all that went into it. */
  @PrimaryColumn('text')
  key: string;

  /** Of the customization; `l45` for the core. */
  @Column('text')
  name: string;

  @Column('text')
  kernelRelease: string;

  @Column('text')
  arch: string;

  /** SHA-256 of the module, hex; the object store has its bytes. */
  @Column('text')
  digest: string;

  @Column('integer')
  size: number;

  @Column('text')
  srcversion: string;

  /** Its Module.symvers, with which modules that use it are built. */
  @Column('text')
  symbols: string;

  @CreateDateColumn({ type: 'timestamptz' })
  builtAt: Date;
}
