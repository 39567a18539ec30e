// SPDX-License-Identifier: Apache-2.0
import type { Artifact, DesiredInstance, DesiredState } from '@l45/contracts';
import { isDeepStrictEqual } from 'node:util';
import type { Desired, HostRow } from '../storage/host.entity.js';
import type { Builds } from './builds.js';
import type { Placement } from './placement.js';

/** What the host should run: `placements` are all on it, oldest deployment first. */
export function desiredOf(host: HostRow, placements: Placement[], builds: Builds): Desired {
  const artifacts = new Map<string, Artifact>();
  const instances: DesiredInstance[] = [];
  for (const placement of placements) {
    if (placement.directions.length === 0) continue;
    const built = builds.find(placement.deployment.specification.customization, host.target);
    // Without a binary for its kernel the agent could do nothing but complain.
    if (!built?.artifacts) continue;
    for (const artifact of built.artifacts) {
      if (!artifacts.has(artifact.name)) artifacts.set(artifact.name, inUse(host, artifact));
    }
    instances.push(instanceOf(placement));
  }
  return { artifacts: [...artifacts.values()], instances };
}

/** A newer build never replaces a module under the instances that run on it. */
function inUse({ desired, desiredTarget, target }: HostRow, artifact: Artifact): Artifact {
  if (!isDeepStrictEqual(desiredTarget, target)) return artifact;
  return desired.artifacts.find(({ name }) => name === artifact.name) ?? artifact;
}

function instanceOf({
  id,
  deployment,
  role,
  match,
  priority,
  directions,
}: Placement): DesiredInstance {
  const { customization, params, chain, attach } = deployment.specification;
  const { mode, deprecated } = deployment;
  return {
    id,
    deployment: deployment.id,
    customization,
    role,
    match,
    params,
    ...(chain && { chain }),
    priority,
    mode,
    directions,
    attach,
    deprecated,
  };
}

/**
 * The row with another desired state, and the next revision; undefined if it is as it should be.
 * `known` is the revision that the host's key has: after a database was restored from a backup it
 * may be ahead of ours, and agents only go forward.
 */
export function carry(
  host: HostRow,
  desired: Desired,
  traceparent: string | null,
  known = 0,
): HostRow | undefined {
  const newest = Math.max(host.revision, host.applied, known);
  const behind = newest > host.revision;
  if (!behind && isDeepStrictEqual(host.desired, desired)) return undefined;
  const revision = newest + 1;
  const [before, after] = [byId(host.desired), byId(desired)];
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (id) => behind || !isDeepStrictEqual(before.get(id), after.get(id)),
  );
  // Of what is gone, only the removal that the agent has not applied yet is of interest.
  const kept = Object.entries(host.since).filter(([id, at]) => after.has(id) || at > host.applied);
  const since = Object.fromEntries([...kept, ...changed.map((id) => [id, revision] as const)]);
  return { ...host, revision, desired, desiredTarget: host.target, since, traceparent };
}

const byId = ({ instances }: Desired): Map<string, DesiredInstance> =>
  new Map(instances.map((instance) => [instance.id, instance]));

/** What the agent is to read. */
export const stateFor = ({ name, revision, desired, traceparent }: HostRow): DesiredState => ({
  host: name,
  revision,
  ...desired,
  ...(traceparent && { traceparent }),
});
