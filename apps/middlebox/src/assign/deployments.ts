// SPDX-License-Identifier: Apache-2.0
import type { Assignment, DesiredState } from '@l45/contracts';
import { isDeepStrictEqual } from 'node:util';

/** A deployment, as far as hosts are told of it. */
export type Told = Omit<Assignment, 'name'>;

/**
 * The deployments that any host should run, by priority. A host is told of a deployment before it
 * may speak, and until nobody speaks it any more: so this is just what middleboxes need.
 */
export function deploymentsOf(states: Iterable<DesiredState>): Told[] {
  const found = new Map<string, Told>();
  for (const { instances } of states) {
    for (const { deployment, customization, params, priority, role, match } of instances) {
      const known = found.get(deployment) ?? {
        deployment,
        customization,
        params,
        priority,
        ends: [],
      };
      const end = { role, match };
      if (!known.ends.some((other) => isDeepStrictEqual(other, end))) known.ends.push(end);
      found.set(deployment, known);
    }
  }
  return inOrder(
    [...found.values()].map((told) => ({
      ...told,
      ends: told.ends.toSorted((a, b) => a.role.localeCompare(b.role)),
    })),
  );
}

/** The same, whatever they come from. */
export const inOrder = (told: Told[]): Told[] =>
  told.toSorted((a, b) => a.priority - b.priority || a.deployment.localeCompare(b.deployment));
