// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import { ENDPOINTS, type Ends, L45Error, type Match, ROLES } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { matchesOverlap } from '../match/overlap.js';

/** Sees to it that whatever is deployed in certain networks is challenged. */
@Injectable()
export class ChallengePolicies {
  constructor(private readonly client: BusClient) {}

  /** POLICY_REQUIRED, naming the network, for a deployment that may touch one and has no policy. */
  async admit(name: string, ends: Ends): Promise<void> {
    const { policies, required } = await this.client.request(ENDPOINTS.security.policies, {});
    if (policies.some(({ deployment }) => deployment === name)) return;
    const prefix = required.find((network) =>
      ROLES.some((role) => ends[role] && touches(ends[role].match, network)),
    );
    if (prefix === undefined) return;
    throw new L45Error(
      'POLICY_REQUIRED',
      `"${name}" may match flows of ${prefix}, where deployments must be challenged: set a policy first (l45.security.policy {"deployment":"${name}","interval":60,"window":5}), or match less`,
      [{ field: 'ends', prefix, message: `${prefix} requires a challenge policy` }],
    );
  }
}

/** On either side of the flow. */
const touches = (match: Match, prefix: string): boolean =>
  matchesOverlap(match, { local: { prefixes: [prefix] } }) ||
  matchesOverlap(match, { remote: { prefixes: [prefix] } });
