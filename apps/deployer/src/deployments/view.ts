// SPDX-License-Identifier: Apache-2.0
import type { Deployment } from '@l45/contracts';
import { stateOf } from '../rollout/phase.js';
import { type Evidence, progressOf } from '../rollout/progress.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';

/** A deployment as the protocol has it. */
export function viewOf(row: DeploymentRow, evidence: Evidence): Deployment {
  const { customization, params, attach, ends } = row.specification;
  return {
    id: row.id,
    name: row.name,
    customization,
    params,
    priority: row.priority,
    mode: row.mode,
    attach,
    deprecated: row.deprecated,
    ends,
    state: stateOf[row.phase],
    revision: row.revision,
    hosts: progressOf(row, evidence),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
