// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { stateOf } from '../rollout/phase.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';

/** What is revoked, or about to be, can't be changed. */
export function refuseUnlessLive({ name, phase }: DeploymentRow): void {
  const state = stateOf[phase];
  if (state === 'revoking' || state === 'revoked')
    throw new L45Error(
      'WRONG_STATE',
      `"${name}" is ${state}: wait until it is revoked, and deploy it again`,
    );
}
