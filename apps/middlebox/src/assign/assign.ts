// SPDX-License-Identifier: Apache-2.0
import type {
  Assignment,
  AssignmentProgress,
  InverseModule,
  MiddleboxObservedState,
  Prepared,
} from '@l45/contracts';
import { isDeepStrictEqual } from 'node:util';
import type { Desired, MiddleboxRow } from '../storage/middlebox.entity.js';
import { isSeen } from './overlap.js';

/** Inverse modules by customization and type; an error where there is none. */
export type Modules = ReadonlyMap<string, InverseModule | Error>;

export const moduleKey = (customization: string, type: string): string =>
  `${customization} ${type}`;

/** The middlebox with what it should have loaded, and the next revision if that is something new. */
export function assign(row: MiddleboxRow, live: Assignment[], modules: Modules): MiddleboxRow {
  const seen = live.filter(({ ends }) => isSeen(row.sees, ends));
  const wanted = seen.flatMap(({ customization }) =>
    row.types.flatMap((type) => moduleOf(row, customization, type, modules) ?? []),
  );
  const desired: Desired = {
    types: row.types,
    modules: [
      ...new Map(wanted.map((one) => [moduleKey(one.customization, one.type), one])).values(),
    ],
    assignments: seen,
  };
  if (isDeepStrictEqual(desired, row.desired)) return row;
  return { ...row, desired, revision: row.revision + 1 };
}

/** What it has goes on reading, although the builder has none to offer (at the moment). */
function moduleOf(
  { desired }: MiddleboxRow,
  customization: string,
  type: string,
  modules: Modules,
): InverseModule | undefined {
  const offered = modules.get(moduleKey(customization, type));
  if (offered && !(offered instanceof Error)) return offered;
  return desired.modules.find((one) => one.customization === customization && one.type === type);
}

/** What middleboxes say, and since when they say nothing. */
export interface Reports {
  report(middlebox: string): MiddleboxObservedState | undefined;
  silentSince(middlebox: string): Date | undefined;
}

export const progressOf = (
  row: MiddleboxRow,
  modules: Modules,
  reports: Reports,
): AssignmentProgress[] =>
  row.desired.assignments.map((assignment) => {
    const { deployment, name, customization } = assignment;
    const reason = reasonOf(row, assignment, modules, reports);
    const progress = { deployment, name, customization, middlebox: row.name, types: row.types };
    return reason ? { ...progress, ready: false, reason } : { ...progress, ready: true };
  });

/** Why it can't be read yet. */
function reasonOf(
  row: MiddleboxRow,
  { deployment, customization }: Assignment,
  modules: Modules,
  reports: Reports,
): string | undefined {
  for (const type of row.types) {
    const offered = modules.get(moduleKey(customization, type));
    const has = moduleOf(row, customization, type, modules);
    if (!has && offered instanceof Error) return offered.message;
  }
  const observed = reports.report(row.name);
  if (!observed) return 'its agent has never reported';
  if (observed.assignments.includes(deployment)) return undefined;
  const silent = reports.silentSince(row.name);
  if (silent) return `offline since ${silent.toISOString()}`;
  const [problem] = observed.problems;
  return problem
    ? `${problem.subject}: ${problem.message}`
    : `has not confirmed revision ${row.revision} yet`;
}

/** Whether hosts may speak it. */
export function preparedOf(deployment: string, progress: AssignmentProgress[]): Prepared {
  const waiting = progress
    .filter((one) => one.deployment === deployment && !one.ready)
    .map(({ middlebox, reason = '' }) => ({ middlebox, reason }));
  return { deployment, ready: waiting.length === 0, waiting };
}
