// SPDX-License-Identifier: Apache-2.0
import { hostOfNode, IsName } from '@l45/contracts';
import { IsOptional, IsString, Matches } from 'class-validator';
import { hostname } from 'node:os';

const TEXT = '[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?';
const LABELS = new RegExp(`^(${TEXT}=${TEXT}(,${TEXT}=${TEXT})*)?$`);

export const IsAbsolutePath = () =>
  Matches(/^\//, { message: '$property must be an absolute path' });

export class AgentConfig {
  /** Name of this host in the system; its first label unless told. */
  @IsName()
  L45_HOST = hostOfNode(hostname());

  /**
   * Whose signatures count: a file with what `l45.security.keys` answers, or that itself. Absent:
   * what the security service says at first, and the successors of those keys.
   */
  @IsOptional()
  @IsString()
  L45_TRUSTED_KEYS?: string;

  /** Where artifacts, and what was accepted so far, are kept. */
  @IsAbsolutePath()
  L45_STATE_DIR = '/var/lib/layer45';

  /**
   * Socket of the process that loads modules (dist/loader/main.js), so that this one need not be
   * able to; absent: this one does.
   */
  @IsOptional()
  @IsAbsolutePath()
  L45_LOADER?: string;

  /** By which deployments select this host: `role=edge,site=fra`. */
  @IsOptional()
  @Matches(LABELS, { message: '$property must be name=value, or several with commas' })
  L45_LABELS?: string;
}

/** What the agent says of its host. */
export const labelsOf = ({ L45_LABELS = '' }: AgentConfig): Record<string, string> =>
  Object.fromEntries(
    L45_LABELS.split(',')
      .filter(Boolean)
      .map((pair) => pair.split('=')),
  );
