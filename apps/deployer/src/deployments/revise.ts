// SPDX-License-Identifier: Apache-2.0
import { type Change, type ChangeRequest, type FieldChange, L45Error } from '@l45/contracts';
import { isDeepStrictEqual } from 'node:util';
import { hideBytes, hideLinks } from '../admission/bytes.js';
import { stateOf } from '../rollout/phase.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { RotationRow } from '../storage/rotation.entity.js';
import type { RevisionRow, Settings } from '../storage/revision.entity.js';

/** Who asks for a change, and why. */
export type Order = Pick<ChangeRequest, 'author' | 'ifRevision'> & {
  reason?: string | null;
  change: Change;
};

export const ANONYMOUS = 'anonymous';
/** Of what nobody asked for. */
const SELF = 'deployer';

/** The record of a change; `before` is undefined for a new deployment. */
export function revise(
  before: DeploymentRow | undefined,
  after: DeploymentRow,
  { change, author = ANONYMOUS, reason = null }: Order,
): RevisionRow {
  const { id: deployment, name, revision, updatedAt: at } = after;
  const diff = changesOf(before && contentOf(before), contentOf(after));
  return {
    name,
    revision,
    deployment,
    change,
    author,
    reason,
    diff,
    settings: settingsOf(after),
    at,
  };
}

/** Throws CONFLICT, naming the revision, unless the name is at the revision that is expected. */
export function expectRevision(
  name: string,
  { ifRevision }: Pick<Order, 'ifRevision'>,
  latest: RevisionRow | null,
): void {
  const revision = latest?.revision ?? 0;
  if (ifRevision === undefined || ifRevision === revision) return;
  const by = latest ? `, by ${latest.author} (${latest.change})` : '';
  const message = `"${name}" is at revision ${revision}${by}, not at ${ifRevision}: look at it again, and repeat the request with ifRevision ${revision}`;
  throw new L45Error('CONFLICT', message, [{ field: 'ifRevision', message, revision }]);
}

const settingsOf = ({ priority, mode, deprecated, phase }: DeploymentRow): Settings => ({
  priority,
  mode,
  deprecated,
  revoked: stateOf[phase] === 'revoking' || phase === 'revoked',
});

function contentOf(row: DeploymentRow): Record<string, unknown> {
  const { customization, params, chain, attach, ends, waves } = row.specification;
  return {
    customization,
    params: hideBytes(params),
    ...(chain && { chain: hideLinks(chain) }),
    attach,
    ends,
    ...(waves && { waves }),
    ...settingsOf(row),
  };
}

const changesOf = (
  before: Record<string, unknown> | undefined,
  after: Record<string, unknown>,
): FieldChange[] =>
  Object.entries(after)
    .filter(([field, to]) => !isDeepStrictEqual(before?.[field], to))
    .map(([field, to]) => (before ? { field, from: before[field], to } : { field, to }));

/** What a wave made of a deployment, and the revision if it was taken back. */
export function recordFailure(
  before: DeploymentRow,
  after: DeploymentRow,
): { row: DeploymentRow; revision?: RevisionRow } {
  const { problem } = after.rollout ?? {};
  if (!problem) return { row: after };
  const row = { ...after, revision: before.revision + 1 };
  return {
    row,
    revision: revise(before, row, { change: 'revoke', author: SELF, reason: problem }),
  };
}

/** What a rotation made of a deployment, and its revision if that is one. */
export function recordRotation(
  before: DeploymentRow,
  after: DeploymentRow,
  { author, reason, problem }: Pick<RotationRow, 'author' | 'reason' | 'problem'>,
): { row: DeploymentRow; revision?: RevisionRow } {
  const row = { ...after, revision: before.revision + 1 };
  const order = { change: 'rotate', author, reason: problem ?? reason } as const;
  const revision = revise(before, row, order);
  return revision.diff.length ? { row, revision } : { row: after };
}
