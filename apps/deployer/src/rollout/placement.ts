// SPDX-License-Identifier: Apache-2.0
import { type Match, type Role, ROLES } from '@l45/contracts';
import { createHash } from 'node:crypto';
import { hostsOf } from './membership.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';

/** One deployment on one host in one role: what becomes an instance. */
export interface Placement {
  /** Of the instance. */
  id: string;
  deployment: DeploymentRow;
  host: string;
  role: Role;
  match: Match;
  priority: number;
}

export const placementsOf = (deployment: DeploymentRow): Placement[] =>
  ROLES.flatMap((role) => {
    const { ends } = deployment.specification;
    const match = ends[role]?.match ?? {};
    return hostsOf(ends, deployment.members, role).map((host) => ({
      id: instanceId(deployment.id, host, role),
      deployment,
      host,
      role,
      match,
      priority: deployment.priorities?.[role] ?? deployment.priority,
    }));
  });

/** The same in every replica and at any time: a UUID (version 8) made of what it identifies. */
export function instanceId(deployment: string, host: string, role: Role): string {
  const bytes = createHash('sha256').update(`${deployment} ${host} ${role}`).digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, 16);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
