// SPDX-License-Identifier: Apache-2.0
import type {
  AgentProblem,
  Artifact,
  DesiredInstance,
  ObservedInstance,
  Target,
} from '@l45/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a rollout has to know of an observed instance: all but its counters. */
export type Observed = Pick<
  ObservedInstance,
  'id' | 'mode' | 'priority' | 'directions' | 'deprecated'
> & {
  /** Whether a deprecated instance still has sockets. */
  held?: true;
  /** Messages refused with an error, if there were any. */
  errors?: string;
  /** Messages understood by one that does not speak, or no longer. */
  received?: string;
};

export interface Desired {
  artifacts: Artifact[];
  instances: DesiredInstance[];
}

/** A host whose agent has reported at least once: what it has, and what it should have. */
@Entity('host')
export class HostRow {
  @PrimaryColumn('text')
  name: string;

  @Column('jsonb')
  target: Target;

  @Column('jsonb')
  labels: Record<string, string>;

  @Column('jsonb')
  observed: Observed[];

  @Column('jsonb')
  problems: AgentProblem[];

  /** When what is observed changed last. */
  @Column('timestamptz')
  observedAt: Date;

  /** Newest revision of the desired state that the agent ever reported as applied. */
  @Column('integer')
  applied: number;

  /** Revision of `desired`; 0: nothing was ever asked of this host. */
  @Column('integer')
  revision: number;

  @Column('jsonb')
  desired: Desired;

  /** What `desired.artifacts` were built for. */
  @Column('jsonb', { nullable: true })
  desiredTarget: Target | null;

  /** The revision that changed, added or removed an instance last, by its identifier. */
  @Column('jsonb')
  since: Record<string, number>;

  @Column('text', { nullable: true })
  traceparent: string | null;
}
