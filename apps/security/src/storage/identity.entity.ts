// SPDX-License-Identifier: Apache-2.0
import type { AgentRole } from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Who may be the agent of a host. */
@Entity('identity')
export class IdentityRow {
  @PrimaryColumn('text')
  host: string;

  @Column('text')
  role: AgentRole;

  /** NATS user nkey; null: none yet, or none any more. */
  @Column('text', { nullable: true })
  publicKey: string | null;

  /** Identifier of the token that may enrol; null: none, or it was used. */
  @Column('text', { nullable: true })
  invitation: string | null;

  /** Of Kubernetes, in full: two nodes may have the same first label. */
  @Column('text', { nullable: true })
  node: string | null;

  @Column('timestamptz', { nullable: true })
  enrolledAt: Date | null;

  @Column('timestamptz', { nullable: true })
  revokedAt: Date | null;
}
