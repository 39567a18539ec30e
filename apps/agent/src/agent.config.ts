// SPDX-License-Identifier: Apache-2.0
import { IsName } from '@l45/contracts';
import { IsOptional, IsString, Matches } from 'class-validator';
import { hostname } from 'node:os';

export class AgentConfig {
  /** Name of this host in the system; its first label unless told. */
  @IsName()
  L45_HOST = (hostname().split('.')[0] ?? '').toLowerCase();

  /**
   * Whose signatures count: a file with what `l45.security.keys` answers, or that itself. Absent:
   * what the security service says at first, and the successors of those keys.
   */
  @IsOptional()
  @IsString()
  L45_TRUSTED_KEYS?: string;

  /** Where artifacts, and what was accepted so far, are kept. */
  @Matches(/^\//, { message: '$property must be an absolute path' })
  L45_STATE_DIR = '/var/lib/layer45';
}
