// SPDX-License-Identifier: Apache-2.0
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How often the instances of a deployment are challenged, and how long an answer may take. */
@Entity('challenge_policy')
export class ChallengePolicyRow {
  @PrimaryColumn('text')
  deployment: string;

  /** Seconds. */
  @Column('integer')
  interval: number;

  /** Seconds. */
  @Column('integer')
  window: number;
}
