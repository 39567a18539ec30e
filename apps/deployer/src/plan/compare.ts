// SPDX-License-Identifier: Apache-2.0
import type { DesiredInstance, FieldChange, HostPlan, PlannedInstance } from '@l45/contracts';
import { isDeepStrictEqual } from 'node:util';
import type { Desired } from '../storage/host.entity.js';

/** What turns one desired state of a host into another; undefined: nothing. */
export function compare(host: string, before: Desired, after: Desired): HostPlan | undefined {
  const old = new Map(before.instances.map((instance) => [instance.id, instance]));
  const kept = new Set(after.instances.map(({ id }) => id));
  const plan: HostPlan = {
    host,
    load: namesOf(after).filter((name) => !namesOf(before).includes(name)),
    unload: namesOf(before).filter((name) => !namesOf(after).includes(name)),
    create: after.instances.filter(({ id }) => !old.has(id)).map((one) => planned(one)),
    change: after.instances.flatMap((instance) => {
      const diff = changesOf(old.get(instance.id) ?? instance, instance);
      return diff.length ? [planned(instance, diff)] : [];
    }),
    remove: before.instances.filter(({ id }) => !kept.has(id)).map((one) => planned(one)),
  };
  const { load, unload, create, change, remove } = plan;
  return [load, unload, create, change, remove].some((list) => list.length) ? plan : undefined;
}

const namesOf = ({ artifacts }: Desired): string[] => artifacts.map(({ name }) => name);

const planned = (
  { id, customization, role }: DesiredInstance,
  diff?: FieldChange[],
): PlannedInstance => ({ id, customization, role, ...(diff && { diff }) });

/** May be keys, and never change. */
const SECRET: (keyof DesiredInstance)[] = ['params', 'chain'];

const changesOf = (before: DesiredInstance, after: DesiredInstance): FieldChange[] =>
  (Object.keys(after) as (keyof DesiredInstance)[])
    .filter((field) => !SECRET.includes(field) && !isDeepStrictEqual(before[field], after[field]))
    .map((field) => ({ field, from: before[field], to: after[field] }));
