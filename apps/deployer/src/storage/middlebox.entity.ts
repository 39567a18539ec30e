// SPDX-License-Identifier: Apache-2.0
import { Entity, PrimaryColumn } from 'typeorm';

/** A middlebox that the bus told of, and did not take back. */
@Entity('middlebox')
export class MiddleboxRow {
  @PrimaryColumn('text')
  name: string;
}
