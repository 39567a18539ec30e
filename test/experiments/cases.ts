// SPDX-License-Identifier: Apache-2.0
import type { DeployRequest } from '@l45/contracts';
import type { Fleet } from '../fleet/index.js';

export const CASES = ['none', 'loaded', 'active'] as const;
export type Case = (typeof CASES)[number];

const NOBODY = { applications: ['nobody'] };

/**
 * Runs a trial without a module, with one that matches nothing, and with one that customizes, by
 * turns, so that whatever drifts meanwhile is shared by all.
 */
export async function byTurns<T>(
  fleet: Fleet,
  deployment: DeployRequest,
  rounds: number,
  trial: (which: Case) => Promise<T>,
): Promise<Record<Case, T[]>> {
  const results: Record<Case, T[]> = { none: [], loaded: [], active: [] };
  for (let round = 0; round < rounds; round++) {
    for (const which of CASES) {
      if (which !== 'none') await deploy(fleet, which === 'active' ? deployment : idle(deployment));
      results[which].push(await trial(which));
      if (which !== 'none') await fleet.revoke(deployment.name);
    }
  }
  return results;
}

/** The same on the same hosts, for applications that aren't there. */
function idle(deployment: DeployRequest): DeployRequest {
  const { client, server } = deployment.ends;
  return {
    ...deployment,
    ends: {
      client: client && { ...client, match: NOBODY },
      server: server && { ...server, match: NOBODY },
    },
  };
}

/** Resolves once every host has it. */
export async function deploy(fleet: Fleet, request: DeployRequest): Promise<void> {
  const { body } = await fleet.deploy({ ...request, wait: 120 });
  if (body.state !== 'deployed') throw new Error(`not deployed: ${JSON.stringify(body)}`);
}
