// SPDX-License-Identifier: Apache-2.0
import { type HostProgress, linkNames } from '@l45/contracts';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { HostRow, Observed } from '../storage/host.entity.js';
import type { Builds } from './builds.js';
import { type Phase, stateOf } from './phase.js';
import { type Placement, placementsOf } from './placement.js';

export type Hosts = ReadonlyMap<string, HostRow>;

/** What of the evidence is stored. */
export interface Stored {
  hosts: Hosts;
  builds: Builds;
}

/** All that progress is told from. */
export interface Evidence extends Stored {
  /** When a host was heard of last, if that is too long ago. */
  silentSince: (host: string) => Date | undefined;
  /** Which middleboxes can't read a deployment yet, and why. */
  unreadBy: (deployment: string) => string | undefined;
}

/** Whether every host has what the deployment's phase asks for. */
export const everyHostConfirms = (placements: Placement[], hosts: Hosts): boolean =>
  placements.every((placement) => confirms(placement, hosts.get(placement.host)));

/** Whether no socket holds what was deprecated. */
export const isDrained = (placements: Placement[], hosts: Hosts): boolean =>
  placements.every(
    ({ id, host }) => !hosts.get(host)?.observed.some((one) => one.id === id && one.held),
  );

/**
 * A report counts if it has what is asked for, and comes after the revision that asked for it:
 * an older one may look the same by chance, and be about to change.
 */
export const confirms = (placement: Placement, host: HostRow | undefined): boolean =>
  host !== undefined &&
  host.applied >= (host.since[placement.id] ?? 0) &&
  lacks(placement, host).length === 0;

/** What the host's instance is not yet, in words. */
function lacks(placement: Placement, host: HostRow): string[] {
  const { id, deployment, directions: wanted } = placement;
  const { phase } = deployment;
  const instance = host.observed.find((one) => one.id === id);
  if (wanted.length === 0) return instance ? ['the removal'] : [];
  // A host that lost the instance doesn't speak either.
  if (phase === 'quiesce' && !instance?.directions.includes('egress')) return [];
  // Nothing brings back what no new socket would get.
  if (!instance) return deployment.deprecated ? [] : [wanted.join(' and ')];
  return [
    ...wanted.filter((direction) => !instance.directions.includes(direction)),
    ...instance.directions
      .filter((direction) => !wanted.includes(direction))
      .map((direction) => `the end of ${direction}`),
    ...differences(placement, instance),
  ];
}

function* differences({ deployment, priority }: Placement, instance: Observed): Generator<string> {
  if (instance.mode !== deployment.mode) yield `mode ${deployment.mode}`;
  if (instance.priority !== priority) yield `priority ${priority}`;
  if (instance.deprecated !== deployment.deprecated) yield 'its deprecation';
}

/** After these phases a host has still something to do. */
const halfway: Partial<Record<Phase, string>> = {
  ingress: 'has ingress; egress follows once every host has ingress',
  quiesce: 'has ended egress; ingress ends once egress has on every host',
};

export const progressOf = (deployment: DeploymentRow, evidence: Evidence): HostProgress[] =>
  placementsOf(deployment).map((placement) => {
    const { host, role } = placement;
    const reason = reasonOf(placement, evidence);
    return reason ? { host, role, converged: false, reason } : { host, role, converged: true };
  });

/** As many hosts as fit into one sentence. */
const NAMED = 3;

/** Which hosts keep deployments waiting, and why. */
export function explain(
  deployments: DeploymentRow[],
  evidence: Evidence,
  matters: (placement: Placement) => boolean = () => true,
): string {
  const waiting = deployments
    .flatMap((deployment) => placementsOf(deployment).filter(matters))
    .flatMap((placement) => {
      const reason = reasonOf(placement, evidence);
      return reason ? [`${placement.host} ${reason}`] : [];
    });
  const more = waiting.length > NAMED ? `, and ${waiting.length - NAMED} more` : '';
  return [...new Set(waiting)].slice(0, NAMED).join('; ') + more;
}

/** Why the host has not converged. */
function reasonOf(placement: Placement, evidence: Evidence): string | undefined {
  const { phase } = placement.deployment;
  if (phase === 'revoked') return undefined;
  const host = evidence.hosts.get(placement.host);
  if (!host) return 'has never reported';
  if (!placement.reached && stateOf[phase] === 'deploying') return 'waits for its wave';
  if (confirms(placement, host)) return unread(placement, evidence) ?? halfway[phase];
  const silent = evidence.silentSince(host.name);
  if (silent) return `offline since ${silent.toISOString()}`;
  return (
    problem(placement, host) ?? missingBuild(placement, host, evidence) ?? waiting(placement, host)
  );
}

/** The last thing to wait for before a deployment is spoken. */
function unread({ deployment }: Placement, { unreadBy }: Evidence): string | undefined {
  const reason = deployment.phase === 'ingress' ? unreadBy(deployment.id) : undefined;
  return reason && `has ingress; egress follows once middleboxes can read it: ${reason}`;
}

function problem({ id, deployment }: Placement, host: HostRow): string | undefined {
  const modules = host.desired.artifacts.flatMap(({ name, digest }) => [name, digest]);
  const subjects = [id, ...linkNames(deployment.specification.customization), ...modules];
  const found = host.problems.find(({ subject }) => subjects.includes(subject));
  if (!found) return undefined;
  return `${found.name === 'KERNEL' ? 'kernel refused' : found.name}: ${found.message}`;
}

function missingBuild(
  { deployment, directions }: Placement,
  { target }: HostRow,
  { builds }: Evidence,
): string | undefined {
  if (directions.length === 0) return undefined;
  const { customization } = deployment.specification;
  const build = builds.find(customization, target);
  if (build?.artifacts) return undefined;
  const what = `${customization} for ${target.kernelRelease} ${target.arch}`;
  return build?.problem ? `no build of ${what}: ${build.problem}` : `waits for a build of ${what}`;
}

const waiting = (placement: Placement, host: HostRow): string =>
  `has not confirmed ${lacks(placement, host).join(', ') || `revision ${host.revision}`} yet`;
