// SPDX-License-Identifier: Apache-2.0
import { type Direction, type Match, type Role, ROLES } from '@l45/contracts';
import { createHash } from 'node:crypto';
import { hostsOf } from './membership.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { directionsOf, type Phase } from './phase.js';

/** One deployment on one host in one role: what becomes an instance. */
export interface Placement {
  /** Of the instance. */
  id: string;
  deployment: DeploymentRow;
  host: string;
  role: Role;
  match: Match;
  priority: number;
  /** Whether a rollout in waves has come to the host; without waves, always. */
  reached: boolean;
  /** That the instance should have; none: it should not be there (yet, or any more). */
  directions: Direction[];
}

export function placementsOf(deployment: DeploymentRow): Placement[] {
  const { ends } = deployment.specification;
  const hosts = ROLES.map((role) => hostsOf(ends, deployment.members, role));
  const reached = reachedOf(deployment, [...new Set(hosts.flat())]);
  return ROLES.flatMap((role, index) =>
    (hosts[index] ?? []).map((host) => ({
      id: instanceId(deployment.id, host, role),
      deployment,
      host,
      role,
      match: ends[role]?.match ?? {},
      priority: deployment.priorities?.[role] ?? deployment.priority,
      reached: reached.has(host),
      directions: directionsOf[reached.has(host) ? deployment.phase : before[deployment.phase]],
    })),
  );
}

/** Where hosts are that the waves of a phase have not come to. */
const before: Record<Phase, Phase> = {
  ingress: 'removal',
  egress: 'ingress',
  deployed: 'deployed',
  quiesce: 'quiesce',
  removal: 'removal',
  revoked: 'revoked',
};

const reachedOf = ({ rollout }: DeploymentRow, hosts: string[]): ReadonlySet<string> =>
  new Set(rollout ? hosts.slice(0, rollout.reached) : hosts);

/** The same in every replica and at any time: a UUID (version 8) made of what it identifies. */
export function instanceId(deployment: string, host: string, role: Role): string {
  const bytes = createHash('sha256').update(`${deployment} ${host} ${role}`).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
