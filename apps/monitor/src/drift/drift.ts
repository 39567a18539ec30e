// SPDX-License-Identifier: Apache-2.0
import type {
  Artifact,
  DesiredInstance,
  DesiredState,
  DriftReason,
  ObservedInstance,
  ObservedState,
} from '@l45/contracts';

/** How what a host runs differs from what it should; empty: not at all. */
export function driftOf(desired: DesiredState, observed: ObservedState): DriftReason[] {
  const actual = new Map(observed.instances.map((instance) => [instance.id, instance]));
  const wanted = new Set(desired.instances.map(({ id }) => id));
  return [
    ...behind(desired, observed),
    ...observed.problems.map(({ subject, name, message }) => ({
      kind: 'problem' as const,
      subject,
      message: `${name}: ${message}`,
    })),
    ...desired.artifacts.flatMap((artifact) => otherBuild(artifact, observed)),
    ...desired.instances.flatMap((instance) => differences(instance, actual.get(instance.id))),
    ...observed.instances.filter(({ id }) => !wanted.has(id)).map(unwanted),
  ];
}

function behind({ host, revision }: DesiredState, { desiredRevision }: ObservedState) {
  if (desiredRevision >= revision) return [];
  const message = `has applied revision ${desiredRevision}, not ${revision} yet`;
  return [{ kind: 'behind' as const, subject: host, message }];
}

function otherBuild({ name, srcversion }: Artifact, observed: ObservedState): DriftReason[] {
  const loaded = [{ name: 'l45', ...observed.core }, ...observed.customizations].find(
    (module) => module.name === name,
  );
  // What is not loaded at all shows in the instances that it has not.
  if (!loaded?.srcversion || loaded.srcversion === srcversion) return [];
  const message = `runs build ${loaded.srcversion}, not ${srcversion}`;
  return [{ kind: 'other-build', subject: name, message }];
}

function differences(desired: DesiredInstance, actual?: ObservedInstance): DriftReason[] {
  const { id, customization, role, deprecated } = desired;
  const what = `${customization} (${role})`;
  if (!actual) {
    // No new socket would get it, so that nothing has to bring it back.
    return deprecated ? [] : [{ kind: 'missing', subject: id, message: `${what} is not there` }];
  }
  const settings: [string, unknown, unknown][] = [
    ['mode', actual.mode, desired.mode],
    ['priority', actual.priority, desired.priority],
    ['directions', sorted(actual.directions), sorted(desired.directions)],
    ['deprecated', actual.deprecated, deprecated],
  ];
  return settings
    .filter(([, is, should]) => is !== should)
    .map(([setting, is, should]) => ({
      kind: 'different',
      subject: id,
      message: `${what} has ${setting} ${String(is)}, not ${String(should)}`,
    }));
}

const unwanted = ({ id, customization, role }: ObservedInstance): DriftReason => ({
  kind: 'unwanted',
  subject: id,
  message: `${customization} (${role}) should not be there`,
});

const sorted = (names: string[]): string => names.toSorted().join(' and ') || 'none';
