// SPDX-License-Identifier: Apache-2.0
import { type End, type Ends, L45Error, ROLES } from '@l45/contracts';
import { matchesOverlap } from '../match/overlap.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';

export interface Candidate {
  name: string;
  priority: number;
  ends: Ends;
}

/** Throws OVERLAP if another deployment could match the same flow at the same priority on a host. */
export function deconflict({ name, priority, ends }: Candidate, live: DeploymentRow[]): void {
  const rivals = live.filter((other) => other.name !== name && other.priority === priority);
  for (const rival of rivals) {
    const host = commonHost(ends, rival.specification.ends);
    if (host === undefined) continue;
    throw new L45Error(
      'OVERLAP',
      `"${rival.name}" matches flows of ${host} that "${name}" would match too, both at priority ${priority}: choose another priority, or a narrower match`,
      [{ message: `overlaps with "${rival.name}"`, deployment: rival.name, host, priority }],
    );
  }
}

/** A host, in whatever roles, of which a flow could match both. */
function commonHost(a: Ends, b: Ends): string | undefined {
  for (const mine of endsOf(a)) {
    for (const theirs of endsOf(b)) {
      const hosts = new Set(theirs.hosts);
      const host = mine.hosts.find((one) => hosts.has(one));
      if (host !== undefined && matchesOverlap(mine.match, theirs.match)) return host;
    }
  }
  return undefined;
}

const endsOf = (ends: Ends): End[] => ROLES.flatMap((role) => ends[role] ?? []);
