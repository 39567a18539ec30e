// SPDX-License-Identifier: Apache-2.0
import { type Ends, L45Error, type Match, ROLES } from '@l45/contracts';
import { matchesOverlap } from '../match/overlap.js';
import { hostsOf, type Members } from '../rollout/membership.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';

export interface Candidate {
  name: string;
  priority: number;
  ends: Ends;
  members: Members;
}

/** Throws OVERLAP if another deployment could match the same flow at the same priority on a host. */
export function deconflict(candidate: Candidate, live: DeploymentRow[]): void {
  const { name, priority } = candidate;
  const rivals = live.filter((other) => other.name !== name && other.priority === priority);
  for (const rival of rivals) {
    const host = commonHost(endsOf(candidate), endsOf(candidateOf(rival)));
    if (host === undefined) continue;
    throw new L45Error(
      'OVERLAP',
      `"${rival.name}" matches flows of ${host} that "${name}" would match too, both at priority ${priority}: choose another priority, or a narrower match`,
      [{ message: `overlaps with "${rival.name}"`, deployment: rival.name, host, priority }],
    );
  }
}

/** Whether the deployment would overlap with another one on a host that it is not on yet. */
export function conflictsOn(host: string, row: DeploymentRow, live: DeploymentRow[]): boolean {
  const everywhere = Object.fromEntries(ROLES.map((role) => [role, [host]]));
  try {
    deconflict({ ...candidateOf(row), members: everywhere }, live);
    return false;
  } catch {
    return true;
  }
}

/** A host, in whatever roles, of which a flow could match both. */
function commonHost(a: Placed[], b: Placed[]): string | undefined {
  for (const mine of a) {
    for (const theirs of b) {
      const hosts = new Set(theirs.hosts);
      const host = mine.hosts.find((one) => hosts.has(one));
      if (host !== undefined && matchesOverlap(mine.match, theirs.match)) return host;
    }
  }
  return undefined;
}

interface Placed {
  hosts: string[];
  match: Match;
}

const endsOf = ({ ends, members }: Candidate): Placed[] =>
  ROLES.flatMap((role) => {
    const end = ends[role];
    return end ? [{ hosts: hostsOf(ends, members, role), match: end.match }] : [];
  });

export const candidateOf = (row: DeploymentRow): Candidate => ({
  name: row.name,
  priority: row.priority,
  ends: row.specification.ends,
  members: row.members,
});
