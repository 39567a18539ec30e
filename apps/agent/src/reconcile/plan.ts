// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import type { ResolvedInstance } from '../kernel/desired-instance.js';
import type {
  FlowMatch,
  InstanceIdentity,
  InstanceSettings,
  KernelInstance,
} from '../kernel/instance.js';

export type Plan =
  | { kind: 'nothing' }
  | { kind: 'create' }
  | { kind: 'set'; settings: Partial<InstanceSettings> }
  | { kind: 'replace' }
  | { kind: 'delete' };

const IDENTITY = [
  'deployment',
  'customization',
  'role',
  'params',
  'chain',
] as const satisfies (keyof InstanceIdentity)[];
const SETTINGS = [
  'priority',
  'mode',
  'directions',
  'deprecated',
] as const satisfies (keyof InstanceSettings)[];

/** What turns an instance of the kernel, if it has it, into the desired one. */
export function planInstance(desired: ResolvedInstance, actual?: KernelInstance): Plan {
  // No new socket would get it, so there is nothing to bring back.
  if (!actual) return { kind: desired.deprecated ? 'nothing' : 'create' };
  if (isAnother(desired, actual)) return { kind: desired.deprecated ? 'delete' : 'replace' };
  const changed = SETTINGS.filter((name) => !isDeepStrictEqual(desired[name], actual[name]));
  if (changed.length === 0) return { kind: 'nothing' };
  const settings = Object.fromEntries(changed.map((name) => [name, desired[name]]));
  return { kind: 'set', settings };
}

/** The kernel can't turn the one into the other. */
const isAnother = (desired: ResolvedInstance, actual: KernelInstance): boolean =>
  IDENTITY.some((name) => !isDeepStrictEqual(desired[name], actual[name])) ||
  !isSameMatch(desired.match, actual.match) ||
  (actual.deprecated && !desired.deprecated);

/** For no protocol, the kernel has those that the customization works on. */
function isSameMatch(desired: FlowMatch, actual: FlowMatch): boolean {
  const { protocols } = desired.protocols.length ? desired : actual;
  return isDeepStrictEqual({ ...desired, protocols }, actual);
}

/** Those that speak come first, so that none of them speaks to an end that just lost its ears. */
export const inOrderOfRevocation = <T extends Pick<InstanceSettings, 'directions'>>(
  instances: T[],
): T[] => instances.toSorted((a, b) => Number(speaks(b)) - Number(speaks(a)));

const speaks = ({ directions }: Pick<InstanceSettings, 'directions'>): boolean =>
  directions.includes('egress');
