// SPDX-License-Identifier: Apache-2.0
import type { Target } from '@l45/contracts';
import type { BuildRow } from '../storage/build.entity.js';

/** Builds by what they are of and for. */
export class Builds {
  readonly #rows: ReadonlyMap<string, BuildRow>;

  constructor(rows: BuildRow[]) {
    this.#rows = new Map(rows.map((row) => [key(row.customization, row), row]));
  }

  get rows(): BuildRow[] {
    return [...this.#rows.values()];
  }

  find(customization: string, target: Target): BuildRow | undefined {
    return this.#rows.get(key(customization, target));
  }
}

const key = (customization: string, target: Target): string =>
  `${customization} ${targetKey(target)}`;

/** Equal for equal targets, whatever the order of their fields: Postgres has its own. */
export const targetKey = ({ kernelRelease, arch }: Target): string => `${kernelRelease} ${arch}`;

/** Each target once. */
export const distinctTargets = (targets: Target[]): Target[] => [
  ...new Map(targets.map((target) => [targetKey(target), target])).values(),
];
