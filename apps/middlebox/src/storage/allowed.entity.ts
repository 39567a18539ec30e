// SPDX-License-Identifier: Apache-2.0
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Applications that may occur in a deployment. */
@Entity('allowed')
export class AllowedRow {
  /** Name of the deployment. */
  @PrimaryColumn('text')
  deployment: string;

  @Column('jsonb')
  applications: string[];
}
