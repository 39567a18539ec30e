// SPDX-License-Identifier: Apache-2.0
import type { Target } from '@l45/contracts';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { conflictsOn } from '../admission/deconflict.js';
import { recordFailure, recordRotation } from '../deployments/revise.js';
import type { HostRow } from '../storage/host.entity.js';
import type { RevisionRow } from '../storage/revision.entity.js';
import type { RotationRow } from '../storage/rotation.entity.js';
import { type Builds, distinctTargets } from './builds.js';
import { observe, type Report } from './observe.js';
import { joined } from './membership.js';
import { directionsOf, nextPhase, type Phase, phaseAfterRevoke } from './phase.js';
import { type Placement, placementsOf } from './placement.js';
import { everyHostConfirms, type Evidence, explain, type Hosts, isDrained } from './progress.js';
import { carry, desiredOf } from './project.js';
import { advance, type Turnover, wakeAt } from './rotation.js';
import { isInWaves, nextWave, wakeForWave } from './waves.js';

/** What Postgres knows. */
export interface World {
  /** All deployments that are not revoked, oldest first. */
  live: DeploymentRow[];
  hosts: HostRow[];
  builds: Builds;
  /** Those that are not over. */
  rotations: RotationRow[];
}

/** What a host said, and when. */
export interface Sighting {
  report: Report;
  at: Date;
}

/** What was seen since the last round. */
export interface Sightings {
  reports: ReadonlyMap<string, Sighting>;
  /** Revisions that the keys of l45_desired have. */
  revisions: ReadonlyMap<string, number>;
  /** Whether a host was not heard of for too long. */
  isSilent: (host: string) => boolean;
  silentSince: Evidence['silentSince'];
  unreadBy: Evidence['unreadBy'];
  /** Since when hosts are heard without interruption; undefined: now they are not. */
  heardSince: Date | undefined;
}

export interface Outcome {
  deployments: ReadonlyMap<string, DeploymentRow>;
  hosts: ReadonlyMap<string, HostRow>;
  builds: Builds;
  changedDeployments: ReadonlySet<string>;
  changedHosts: ReadonlySet<string>;
  rotations: ReadonlyMap<string, RotationRow>;
  changedRotations: ReadonlySet<string>;
  /** Of deployments that rotations revoked. */
  revisions: RevisionRow[];
  /** When there will be something to do, whether or not a host reports. */
  wakeAt: Date | undefined;
}

/**
 * One step of the reconciliation, as far as it goes without waiting for anybody: what was seen is
 * taken in, every host's desired state follows from the phases, and phases go on where every
 * host confirms.
 */
export function round(world: World, sightings: Sightings, now: Date): Outcome {
  const { reports, revisions, isSilent, silentSince, unreadBy, heardSince } = sightings;
  const hosts = new Map(world.hosts.map((host) => [host.name, host]));
  const deployments = new Map(world.live.map((deployment) => [deployment.id, deployment]));
  const changedHosts = new Set<string>();
  const changedDeployments = new Set<string>();
  const rotations = new Map(world.rotations.map((rotation) => [rotation.id, rotation]));
  const changedRotations = new Set<string>();
  const recorded: RevisionRow[] = [];
  const evidence = (): Evidence => ({ hosts, builds: world.builds, silentSince, unreadBy });
  const changeDeployment = (deployment: DeploymentRow) => {
    deployments.set(deployment.id, deployment);
    changedDeployments.add(deployment.id);
  };
  const changeHost = (host: HostRow | undefined) => {
    if (!host) return;
    hosts.set(host.name, host);
    changedHosts.add(host.name);
  };

  for (const [name, { report, at }] of reports) changeHost(observe(hosts.get(name), report, at));
  for (const deployment of world.live) {
    // Of two that want the same flows of a new host, the older one gets them.
    const others = [...deployments.values()].filter(({ id }) => id !== deployment.id);
    const conflicts = (host: string) => conflictsOn(host, deployment, others);
    const grown = joined(deployment, [...hosts.values()], conflicts);
    if (grown) changeDeployment({ ...grown, updatedAt: now });
  }
  for (let settled = false; !settled;) {
    settled = true;
    const placements = [...deployments.values()].map(placementsOf);
    const byHost = groupByHost(placements.flat());
    for (const host of hosts.values()) {
      const here = byHost.get(host.name) ?? [];
      const desired = desiredOf(host, here, world.builds);
      changeHost(carry(host, desired, newestTrace(here), revisions.get(host.name)));
    }
    for (const ofOne of placements) {
      const [first] = ofOne;
      if (!first) continue;
      const { deployment } = first;
      const next = nextWave(deployment, { ...evidence(), now, heardSince });
      if (next) {
        settled = false;
        const { row, revision } = recordFailure(deployment, next);
        changeDeployment(row);
        if (revision) recorded.push(revision);
      }
      if (isInWaves(deployment)) continue;
      const phase = phaseOf(deployment, ofOne, hosts, isSilent);
      if (phase === 'removal' && drains(deployment, rotations)) continue;
      if (phase === deployment.phase) continue;
      // Who reads along has to understand as well.
      if (phase === 'egress' && deployment.phase === 'ingress' && unreadBy(deployment.id)) continue;
      settled = false;
      changeDeployment({ ...deployment, phase, updatedAt: now });
    }
    for (const turnover of turnoversOf(rotations, deployments)) {
      const next = advance(turnover, {
        hosts,
        now,
        explain: (...rows) => explain(rows, evidence()),
      });
      if (!next) continue;
      settled = false;
      const { rotation } = next;
      rotations.set(rotation.id, rotation);
      changedRotations.add(rotation.id);
      for (const end of ['from', 'to'] as const) {
        if (next[end] === turnover[end]) continue;
        const { row, revision } = recordRotation(turnover[end], next[end], rotation);
        changeDeployment(row);
        if (revision) recorded.push(revision);
      }
    }
  }
  return {
    deployments,
    hosts,
    builds: world.builds,
    changedDeployments,
    changedHosts,
    rotations,
    changedRotations,
    revisions: recorded,
    wakeAt: earliest([
      ...[...rotations.values()].map(wakeAt),
      ...[...deployments.values()].map((deployment) =>
        wakeForWave(deployment, { now, heardSince }),
      ),
    ]),
  };
}

/** Rotations with both their deployments. */
export function turnoversOf(
  rotations: ReadonlyMap<string, RotationRow>,
  deployments: ReadonlyMap<string, DeploymentRow>,
): Turnover[] {
  return [...rotations.values()].flatMap((rotation) => {
    const from = deployments.get(rotation.from);
    const to = deployments.get(rotation.to);
    return from && to ? [{ rotation, from, to }] : [];
  });
}

/** A rotation decides when what it replaces goes. */
const drains = ({ id, phase }: DeploymentRow, rotations: ReadonlyMap<string, RotationRow>) =>
  phase === 'quiesce' &&
  [...rotations.values()].some(({ from, step }) => from === id && step === 'drain');

const earliest = (dates: (Date | undefined)[]): Date | undefined =>
  dates.reduce((first, date) => (!first || (date && date < first) ? date : first), undefined);

function phaseOf(
  deployment: DeploymentRow,
  placements: Placement[],
  hosts: Hosts,
  isSilent: Sightings['isSilent'],
): Phase {
  const waitedFor = deployment.forced
    ? placements.filter(({ host }) => !isSilent(host))
    : placements;
  const phase = nextPhase(deployment.phase, everyHostConfirms(waitedFor, hosts));
  const isOver = phase === 'deployed' && deployment.deprecated && isDrained(placements, hosts);
  return isOver ? phaseAfterRevoke(phase) : phase;
}

function groupByHost(placements: Placement[]): Map<string, Placement[]> {
  const groups = new Map<string, Placement[]>();
  for (const placement of placements) {
    const group = groups.get(placement.host);
    if (group) group.push(placement);
    else groups.set(placement.host, [placement]);
  }
  return groups;
}

/** The trace of the request that most recently asked something of this host. */
const newestTrace = (placements: Placement[]): string | null =>
  placements
    .map(({ deployment }) => deployment)
    .reduce<DeploymentRow | undefined>(
      (newest, one) => (newest && newest.updatedAt >= one.updatedAt ? newest : one),
      undefined,
    )?.traceparent ?? null;

/** Builds that hosts wait for; those that failed too, to be tried again. */
export function missingBuilds({
  deployments,
  hosts,
  builds,
}: Pick<Outcome, 'deployments' | 'hosts' | 'builds'>): Missing[] {
  const wanted = new Map<string, Target[]>();
  for (const deployment of deployments.values()) {
    if (directionsOf[deployment.phase].length === 0) continue;
    const { customization } = deployment.specification;
    const here = placementsOf(deployment).flatMap(({ host }) => hosts.get(host)?.target ?? []);
    wanted.set(customization, [...(wanted.get(customization) ?? []), ...here]);
  }
  return [...wanted].flatMap(([customization, all]) =>
    distinctTargets(all)
      .filter((target) => !builds.find(customization, target)?.artifacts)
      .map((target) => ({ customization, target })),
  );
}

/** Builds whose bytes hosts ask for in vain: the object store has lost them. */
export function lostBuilds({ hosts, builds }: Pick<Outcome, 'hosts' | 'builds'>): Missing[] {
  const lost = [...hosts.values()].flatMap(({ problems, desired, target }) =>
    problems.some(({ name }) => name === 'UNKNOWN_ARTIFACT')
      ? desired.instances.map(({ customization }) => ({ customization, target }))
      : [],
  );
  const known = lost.flatMap(
    ({ customization, target }) => builds.find(customization, target) ?? [],
  );
  return [...new Set(known)].map(({ customization, kernelRelease, arch }) => ({
    customization,
    target: { kernelRelease, arch },
  }));
}

export interface Missing {
  customization: string;
  target: Target;
}
