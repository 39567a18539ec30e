// SPDX-License-Identifier: Apache-2.0
import { type Ends, type Role, ROLES, type Selector } from '@l45/contracts';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { HostRow } from '../storage/host.entity.js';
import { directionsOf } from './phase.js';

/** Hosts that were selected by their labels, and stay. */
export type Members = Partial<Record<Role, string[]>>;
type Labelled = Pick<HostRow, 'name' | 'labels'>;

const selects = ({ labels }: Selector, host: Labelled): boolean =>
  Object.entries(labels).every(([name, value]) => host.labels[name] === value);

export const selected = (ends: Ends, hosts: Labelled[]): Members =>
  Object.fromEntries(
    ROLES.flatMap((role) => {
      const { selector } = ends[role] ?? {};
      if (!selector) return [];
      const names = hosts.filter((host) => selects(selector, host)).map(({ name }) => name);
      return [[role, names.toSorted()]];
    }),
  );

/** All hosts of an end: named, or selected. */
export const hostsOf = (ends: Ends, members: Members, role: Role): string[] => [
  ...new Set([...(ends[role]?.hosts ?? []), ...(members[role] ?? [])]),
];

/**
 * The deployment with hosts that match since; undefined if there are none. One that would conflict
 * with another deployment there does not join.
 */
export function joined(
  deployment: DeploymentRow,
  hosts: Labelled[],
  conflicts: (host: string) => boolean,
): DeploymentRow | undefined {
  const { ends } = deployment.specification;
  const isGrowing = !deployment.deprecated && directionsOf[deployment.phase].length > 0;
  // Waves go through the hosts in their order, which a new one would change.
  if (!isGrowing || deployment.rollout || !ROLES.some((role) => ends[role]?.selector))
    return undefined;
  const members = { ...deployment.members };
  for (const [role, names] of Object.entries(selected(ends, hosts)) as [Role, string[]][]) {
    const known = new Set(hostsOf(ends, members, role));
    const fresh = names.filter((name) => !known.has(name) && !conflicts(name));
    if (fresh.length) members[role] = [...(members[role] ?? []), ...fresh];
  }
  const grew = ROLES.some((role) => members[role] !== deployment.members[role]);
  return grew ? { ...deployment, members } : undefined;
}
