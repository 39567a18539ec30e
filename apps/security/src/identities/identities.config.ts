// SPDX-License-Identifier: Apache-2.0
import { ConfigError } from '@l45/bus';
import { IsOptional, IsString, Matches } from 'class-validator';
import { readFileSync } from 'node:fs';
import { Authority } from './authority.js';

export class IdentitiesConfig {
  /** File `authority.json`; absent: identities are issued elsewhere, or nobody needs one. */
  @IsOptional()
  @IsString()
  L45_NATS_AUTHORITY?: string;

  /** Kubernetes service account of agents, whose pods enrol without an invitation. */
  @IsOptional()
  @Matches(/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+$/, {
    message: '$property must be system:serviceaccount:<namespace>:<name>',
  })
  L45_AGENT_ACCOUNT?: string;

  /**
   * How the names of the Kubernetes service accounts of middlebox agents begin; the rest of each is
   * the name of a middlebox. Their pods enrol without an invitation, too.
   */
  @IsOptional()
  @Matches(/^system:serviceaccount:[a-z0-9-]+:[a-z0-9.-]+-$/, {
    message: '$property must be system:serviceaccount:<namespace>:<beginning of a name>-',
  })
  L45_MIDDLEBOX_ACCOUNTS?: string;

  /** Where the Kubernetes API is asked for whom it issued a token. */
  @Matches(/^https?:\/\/\S+$/)
  L45_KUBERNETES_API = 'https://kubernetes.default.svc';

  /** File with the token by which that API knows this service. */
  @IsString()
  L45_KUBERNETES_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
}

export function authorityOf({ L45_NATS_AUTHORITY: file }: IdentitiesConfig): Authority | undefined {
  if (!file) return undefined;
  try {
    return new Authority(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    // Its message may quote what it read.
    const reason = (error as NodeJS.ErrnoException).code ?? 'it is no authority.json';
    throw new ConfigError(`Set L45_NATS_AUTHORITY right: ${file}: ${reason}`);
  }
}
