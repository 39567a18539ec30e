// SPDX-License-Identifier: Apache-2.0
import { type Role, ROLES, type RotationStep } from '@l45/contracts';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { RotationRow } from '../storage/rotation.entity.js';
import { phaseAfterChange, phaseAfterRevoke, stateOf } from './phase.js';
import { placementsOf } from './placement.js';
import { everyHostConfirms, type Hosts } from './progress.js';

/** A rotation with both its deployments. */
export interface Turnover {
  rotation: RotationRow;
  from: DeploymentRow;
  to: DeploymentRow;
}

/** All that the next step depends on. */
export interface Circumstances {
  hosts: Hosts;
  now: Date;
  /** Which hosts keep the deployments waiting, and why. */
  explain: (...deployments: DeploymentRow[]) => string;
}

/** Steps in which it can still be undone. */
export const UNDECIDED: readonly RotationStep[] = ['attach', 'receivers', 'senders'];
export const OVER: readonly RotationStep[] = ['done', 'aborted'];

/** Where the new one comes before the old one, from the step on. */
const switched: Partial<Record<RotationStep, readonly Role[]>> = {
  receivers: ['server'],
  senders: ROLES,
};

/** Priorities with which the new one is attached behind the old one. */
export const attachedBehind = (from: DeploymentRow, priority: number): number =>
  Math.max(from.priority + 1, priority);
/** Priority of the old one behind the new one. */
export const leftBehind = (from: DeploymentRow, priority: number): number =>
  Math.max(from.priority, priority + 1);

/** The next step, if there is one to take now. */
export function advance(turnover: Turnover, circumstances: Circumstances): Turnover | undefined {
  const { rotation, from, to } = turnover;
  switch (rotation.step) {
    case 'attach':
    case 'receivers':
    case 'senders':
      return decide(turnover, circumstances);
    case 'drain':
      return drain(turnover, circumstances);
    case 'removal':
      return from.phase === 'revoked' ? step(turnover, 'done', circumstances) : undefined;
    case 'aborting':
      return to.phase === 'revoked' ? step(turnover, 'aborted', circumstances) : undefined;
    case 'done':
    case 'aborted':
      return undefined;
  }
}

/** When to look again, even if no host reports. */
export function wakeAt({
  step: at,
  deadline,
  quietSince,
  drainSeconds,
}: RotationRow): Date | undefined {
  if (UNDECIDED.includes(at)) return deadline;
  if (at === 'drain' && quietSince) return new Date(quietSince.getTime() + drainSeconds * 1_000);
  return undefined;
}

/** Before the old one is silent nothing is lost: it speaks wherever the new one does not yet. */
export function abort(
  turnover: Turnover,
  problem: string,
  { now }: Pick<Circumstances, 'now'>,
): Turnover {
  const { rotation, from, to } = turnover;
  return {
    rotation: { ...rotation, step: 'aborting', problem, updatedAt: now },
    from: { ...from, priorities: null, phase: phaseAfterChange(from.phase), updatedAt: now },
    to: { ...to, phase: phaseAfterRevoke(to.phase), updatedAt: now },
  };
}

function decide(turnover: Turnover, circumstances: Circumstances): Turnover | undefined {
  const { rotation, from, to } = turnover;
  const { now, explain } = circumstances;
  if (isLeaving(to)) return abort(turnover, `"${to.name}" was revoked`, circumstances);
  if (isLeaving(from)) return conclude(turnover, circumstances);
  if (from.phase === 'deployed' && to.phase === 'deployed') {
    if (rotation.step === 'senders') return conclude(turnover, circumstances);
    return reorder(turnover, rotation.step === 'attach' ? 'receivers' : 'senders', circumstances);
  }
  if (now < rotation.deadline) return undefined;
  return abort(turnover, `not confirmed in time: ${explain(from, to)}`, circumstances);
}

function reorder(turnover: Turnover, next: RotationStep, circumstances: Circumstances): Turnover {
  const { rotation, from, to } = turnover;
  const roles = switched[next] ?? [];
  const { now } = circumstances;
  const changed = (row: DeploymentRow, priorities: DeploymentRow['priorities']): DeploymentRow => ({
    ...row,
    priorities,
    phase: phaseAfterChange(row.phase),
    updatedAt: now,
  });
  const first = Object.fromEntries(roles.map((role) => [role, to.priority]));
  const second = Object.fromEntries(roles.map((role) => [role, rotation.behind]));
  const stepped = step(turnover, next, circumstances);
  return {
    ...stepped,
    from: changed(from, second),
    to: changed(to, { ...to.priorities, ...first }),
  };
}

/** The new one speaks everywhere: the old one falls silent. */
function conclude(turnover: Turnover, circumstances: Circumstances): Turnover {
  const { from, to } = turnover;
  const { now } = circumstances;
  const { rotation } = step(turnover, 'drain', circumstances);
  return {
    rotation: { ...rotation, switchedAt: now },
    from: { ...from, phase: phaseAfterRevoke(from.phase), updatedAt: now },
    // At its own priority already, unless the old one left early.
    to: { ...to, priorities: null, phase: phaseAfterChange(to.phase), updatedAt: now },
  };
}

/** What is under way for the old one is waited for as long as it comes. */
function drain(turnover: Turnover, circumstances: Circumstances): Turnover | undefined {
  const { rotation, from } = turnover;
  const { hosts, now } = circumstances;
  if (from.phase !== 'quiesce') return step(turnover, 'removal', circumstances);
  const placements = placementsOf(from);
  if (!everyHostConfirms(placements, hosts)) return undefined;
  const received = placements
    .map(({ id, host }) => hosts.get(host)?.observed.find((one) => one.id === id)?.received ?? '0')
    .join(' ');
  if (received !== rotation.received || !rotation.quietSince)
    return { ...turnover, rotation: { ...rotation, received, quietSince: now, updatedAt: now } };
  if (now.getTime() - rotation.quietSince.getTime() < rotation.drainSeconds * 1_000)
    return undefined;
  const stepped = step(turnover, 'removal', circumstances);
  return { ...stepped, from: { ...from, phase: 'removal', updatedAt: now } };
}

const isLeaving = ({ phase }: DeploymentRow): boolean =>
  phase === 'revoked' || stateOf[phase] === 'revoking';

const step = (turnover: Turnover, next: RotationStep, { now }: Circumstances): Turnover => ({
  ...turnover,
  rotation: { ...turnover.rotation, step: next, updatedAt: now },
});
