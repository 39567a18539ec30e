// SPDX-License-Identifier: Apache-2.0
import { Entity, PrimaryColumn } from 'typeorm';

/** A network in which deployments need a challenge policy. */
@Entity('required_prefix')
export class RequiredPrefixRow {
  @PrimaryColumn('text')
  prefix: string;
}
