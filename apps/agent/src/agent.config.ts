// SPDX-License-Identifier: Apache-2.0
import { IsName } from '@l45/contracts';
import { Matches } from 'class-validator';
import { hostname } from 'node:os';

export class AgentConfig {
  /** Name of this host in the system; its first label unless told. */
  @IsName()
  L45_HOST = (hostname().split('.')[0] ?? '').toLowerCase();

  /** Where artifacts are kept. */
  @Matches(/^\//, { message: '$property must be an absolute path' })
  L45_STATE_DIR = '/var/lib/layer45';
}
