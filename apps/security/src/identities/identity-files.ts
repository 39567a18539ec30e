// SPDX-License-Identifier: Apache-2.0
import { BUS_ROLES, type BusRole } from '@l45/contracts';
import { fmtCreds } from '@nats-io/jwt';
import { createUser } from '@nats-io/nkeys';
import { Authority, type AuthoritySeeds } from './authority.js';

/** What identities are issued with: for the security service, and nobody else. */
export const AUTHORITY_FILE = 'authority.json';
/** What NATS servers include in their configuration. */
export const SERVER_FILE = 'accounts.conf';
/** Agents get theirs by enrolment. */
const ROLES = BUS_ROLES.filter((role) => role !== 'host-agent' && role !== 'middlebox-agent');

/** Whether a new version replaces the file: of an identity that exists, nobody makes another. */
export const isReplaced = (file: string): boolean =>
  file === AUTHORITY_FILE || file === SERVER_FILE;

export const parseSeeds = (text: string | undefined): AuthoritySeeds | undefined =>
  text ? JSON.parse(text) : undefined;

export const credsFile = (role: BusRole): string => `${role}.creds`;

/** Name → content of the files of a new control plane, or of one that has an authority. */
export async function identityFiles(known?: AuthoritySeeds): Promise<Map<string, string>> {
  const seeds = Authority.seeds(known);
  const authority = new Authority(seeds);
  const files = new Map([
    [AUTHORITY_FILE, `${JSON.stringify(seeds, undefined, 2)}\n`],
    [SERVER_FILE, await authority.serverConfig()],
  ]);
  for (const role of ROLES) {
    const key = createUser();
    const jwt = await authority.userJwt(role, role, key.getPublicKey());
    files.set(credsFile(role), Buffer.from(fmtCreds(jwt, key)).toString());
  }
  return files;
}
