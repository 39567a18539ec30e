// SPDX-License-Identifier: Apache-2.0
import type { Deployment, DeploymentProgress, Rotation } from '@l45/contracts';
import { hideBytes, hideLinks } from '../admission/bytes.js';
import { stateOf } from '../rollout/phase.js';
import { placementsOf } from '../rollout/placement.js';
import { type Evidence, progressOf } from '../rollout/progress.js';
import type { Turnover } from '../rollout/rotation.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';

/** A deployment as the protocol has it. */
export function viewOf(row: DeploymentRow, evidence: Evidence): Deployment {
  const { customization, params, chain, attach, ends } = row.specification;
  return {
    id: row.id,
    name: row.name,
    customization,
    params: hideBytes(params),
    ...(chain && { chain: hideLinks(chain) }),
    priority: row.priority,
    mode: row.mode,
    attach,
    deprecated: row.deprecated,
    ends,
    state: stateOf[row.phase],
    revision: row.revision,
    hosts: progressOf(row, evidence),
    ...rolloutOf(row),
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function rolloutOf(row: DeploymentRow): Pick<Deployment, 'rollout'> {
  const { rollout, phase } = row;
  // Of one that is revoked halfway, how far it had come says nothing any more, unless that was why.
  if (!rollout || (stateOf[phase] !== 'deploying' && !rollout.problem)) return {};
  const { problem } = rollout;
  const hosts = new Map(placementsOf(row).map(({ host, reached }) => [host, reached]));
  const reached = [...hosts.values()].filter(Boolean).length;
  const step = phase === 'ingress' || phase === 'removal' ? 'ingress' : 'egress';
  return { rollout: { step, reached, total: hosts.size, ...(problem && { problem }) } };
}

/** As many hosts as anybody wants to read of. */
const SHOWN = 20;

/** How far a deployment is, in few words however many hosts it has. */
export function summaryOf(row: DeploymentRow, evidence: Evidence): DeploymentProgress {
  const hosts = progressOf(row, evidence);
  const waiting = hosts.filter(({ converged }) => !converged);
  return {
    id: row.id,
    name: row.name,
    state: stateOf[row.phase],
    total: hosts.length,
    converged: hosts.length - waiting.length,
    waiting: waiting.slice(0, SHOWN),
  };
}

/** A rotation as the protocol has it. */
export function rotationView({ rotation, from, to }: Turnover, evidence: Evidence): Rotation {
  const { id, step, problem, author, reason, createdAt, switchedAt, updatedAt } = rotation;
  const waiting = [from, to]
    .flatMap((row) => progressOf(row, evidence))
    .filter(({ converged }) => !converged);
  return {
    id,
    from: from.name,
    to: to.name,
    step,
    ...(problem !== null && { problem }),
    author,
    ...(reason !== null && { reason }),
    createdAt: createdAt.toISOString(),
    ...(switchedAt && { switchedAt: switchedAt.toISOString() }),
    updatedAt: updatedAt.toISOString(),
    waiting: waiting.slice(0, SHOWN),
  };
}
