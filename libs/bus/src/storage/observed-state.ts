// SPDX-License-Identifier: Apache-2.0
import type { ObservedState } from '@l45/contracts';

/** What Postgres takes as an integer. */
const MAX_INTEGER = 2 ** 31 - 1;

/**
 * Whether a report has all that its readers look at, in a form that can be stored. Each host writes
 * its own, so that one that is wrong must not keep readers from those of all others.
 */
export function isObservedState(value: unknown): value is ObservedState {
  if (!isObject(value) || hasNul(value)) return false;
  const { host, target, desiredRevision, labels, customizations, instances, problems } = value;
  return (
    isText(host) &&
    isObject(target) &&
    isText(target['kernelRelease']) &&
    isText(target['arch']) &&
    isRevision(desiredRevision) &&
    (labels === undefined || isObject(labels)) &&
    isListOf(customizations, isObject) &&
    isListOf(instances, isInstance) &&
    isListOf(problems, isProblem)
  );
}

const isInstance = (value: unknown): boolean =>
  isObject(value) &&
  isText(value['id']) &&
  isText(value['deployment']) &&
  isListOf(value['directions'], isText) &&
  isObject(value['counters']);

const isProblem = (value: unknown): boolean =>
  isObject(value) && isText(value['subject']) && isText(value['name']) && isText(value['message']);

const isRevision = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_INTEGER;

const isText = (value: unknown): boolean => typeof value === 'string';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isListOf = (value: unknown, isOne: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(isOne);

/** Postgres has no text with U+0000 in it. */
function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, one]) => key.includes('\0') || hasNul(one));
}
