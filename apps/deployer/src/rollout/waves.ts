// SPDX-License-Identifier: Apache-2.0
import type { DeploymentRow, Rollout, Specification } from '../storage/deployment.entity.js';
import { nextPhase, phaseAfterRevoke, stateOf } from './phase.js';
import { type Placement, placementsOf } from './placement.js';
import { confirms, type Evidence, everyHostConfirms, explain } from './progress.js';

/** All that the next wave depends on. */
export interface Gate extends Evidence, Clock {}

/** Time in which nobody is heard is no time in which hosts are healthy, or late. */
interface Clock {
  now: Date;
  /** Since when hosts are heard without interruption; undefined: now they are not. */
  heardSince: Date | undefined;
}

/** Where a deployment with waves begins. */
export const firstWave = ({ waves }: Specification, now: Date): Rollout | null =>
  waves ? { reached: waves.size, began: now.toISOString() } : null;

/**
 * The deployment one wave further, or taken back; undefined: the wave is not over. Each phase is
 * a series of waves of its own: nobody speaks before everybody understands.
 */
export function nextWave(deployment: DeploymentRow, gate: Gate): DeploymentRow | undefined {
  const { phase, rollout, specification } = deployment;
  const { waves } = specification;
  if (!rollout || !waves || !isInWaves(deployment)) return undefined;
  const { now } = gate;
  const began = now.toISOString();
  const placements = placementsOf(deployment);
  const reached = placements.filter((placement) => placement.reached);
  const change = (next: Rollout | null, to = phase): DeploymentRow => ({
    ...deployment,
    phase: to,
    rollout: next,
    updatedAt: now,
  });

  const illness = reached
    .map((placement) => illnessOf(placement, waves.errors, gate))
    .find(Boolean);
  const isLate = now.getTime() >= endOf(rollout.began, waves.timeout, gate);
  const isConfirmed = everyHostConfirms(reached, gate.hosts);
  const failure =
    illness ??
    (isLate && !isConfirmed && !rollout.confirmed ? tooLate(deployment, gate) : undefined);
  if (failure) return change({ ...rollout, problem: failure }, phaseAfterRevoke(phase));
  // Who loses what it had begins again.
  if (!isConfirmed)
    return rollout.confirmed ? change({ reached: rollout.reached, began }) : undefined;
  if (!rollout.confirmed) return change({ ...rollout, confirmed: now.toISOString() });
  if (now.getTime() < endOf(rollout.confirmed, waves.hold, gate)) return undefined;

  if (reached.length < placements.length)
    return change({ reached: rollout.reached + waves.size, began });
  if (phase === 'egress') return change(null, nextPhase(phase, true));
  // Who reads along has to understand as well.
  if (gate.unreadBy(deployment.id)) return undefined;
  return change({ reached: waves.size, began }, nextPhase(phase, true));
}

/** Whether waves decide when its phase is over. */
export const isInWaves = ({ phase, rollout }: DeploymentRow): boolean =>
  rollout !== null && stateOf[phase] === 'deploying';

/** When a wave is over, or has taken too long; undefined: it waits for something else. */
export function wakeForWave(deployment: DeploymentRow, clock: Clock): Date | undefined {
  const { rollout, specification } = deployment;
  const { waves } = specification;
  if (!rollout || !waves || !isInWaves(deployment)) return undefined;
  const { began, confirmed } = rollout;
  const end = confirmed ? endOf(confirmed, waves.hold, clock) : endOf(began, waves.timeout, clock);
  return end > clock.now.getTime() && end < Infinity ? new Date(end) : undefined;
}

/** What is wrong with a host that the rollout has reached. */
function illnessOf({ id, host }: Placement, allowed: number, gate: Gate): string | undefined {
  const silent = gate.silentSince(host);
  if (silent) return `${host} is offline since ${silent.toISOString()}`;
  const instance = gate.hosts.get(host)?.observed.find((one) => one.id === id);
  const errors = Number(instance?.errors ?? 0);
  if (errors <= allowed) return undefined;
  return `${host} has refused ${errors} messages with an error, and ${allowed} are allowed`;
}

const tooLate = (deployment: DeploymentRow, gate: Gate): string => {
  const isLate = (one: Placement) => one.reached && !confirms(one, gate.hosts.get(one.host));
  return `not confirmed in time: ${explain([deployment], gate, isLate)}`;
};

const endOf = (from: string, seconds: number, { heardSince }: Clock): number =>
  heardSince ? Math.max(Date.parse(from), heardSince.getTime()) + seconds * 1_000 : Infinity;
