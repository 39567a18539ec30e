// SPDX-License-Identifier: Apache-2.0
import { type DesiredInstance, DIRECTIONS, type Match } from '@l45/contracts';
import { formatPrefix, parsePrefix } from './address.js';
import { cgroupId } from './cgroup.js';
import type { FlowMatch, InstanceIdentity, InstanceSettings, Params } from './instance.js';
import { formatPorts, parsePorts } from './ports.js';

export type ResolvedInstance = InstanceIdentity &
  InstanceSettings &
  Pick<DesiredInstance, 'attach'>;

/** A desired instance in the kernel's terms; throws where this host has no such thing. */
export function resolveInstance(desired: DesiredInstance): ResolvedInstance {
  const { match, params, chain, directions, ...rest } = desired;
  return {
    ...rest,
    match: resolveMatch(match),
    params: resolveParams(params),
    ...(chain && {
      chain: chain.map((link) => ({
        customization: link.customization,
        params: resolveParams(link.params),
      })),
    }),
    directions: DIRECTIONS.filter((direction) => directions.includes(direction)),
  };
}

const resolveMatch = (match: Match): FlowMatch => ({
  protocols: distinct(match.protocols),
  applications: distinct(match.applications),
  localPrefixes: distinct(match.local?.prefixes?.map(prefix)),
  remotePrefixes: distinct(match.remote?.prefixes?.map(prefix)),
  localPorts: distinct(match.local?.ports?.map(ports)),
  remotePorts: distinct(match.remote?.ports?.map(ports)),
  uids: distinct(match.uids),
  cgroups: distinct(match.cgroups?.map((path) => cgroupId(path))),
});

const prefix = (text: string): string => formatPrefix(parsePrefix(text));
const ports = (text: string): string => formatPorts(parsePorts(text));

export const distinct = <T>(list: T[] = []): T[] => [...new Set(list)].toSorted();

const resolveParams = (params: DesiredInstance['params']): Params =>
  withoutZeros(
    Object.fromEntries(Object.entries(params).map(([name, value]) => [name, param(name, value)])),
  );

function param(name: string, value: unknown): Params[string] {
  if (typeof value === 'boolean') return BigInt(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string') return value;
  if (isBytes(value)) return Buffer.from(value.hex, 'hex');
  throw new RangeError(
    `parameter ${name} is no boolean, integer from 0, text, or {"hex": "…"} with bytes`,
  );
}

const isBytes = (value: unknown): value is { hex: string } =>
  typeof value === 'object' &&
  value !== null &&
  'hex' in value &&
  typeof value.hex === 'string' &&
  /^([0-9a-f]{2})*$/i.test(value.hex);

/** To the kernel an absent parameter and one that is zero are the same. */
export const withoutZeros = (params: Params): Params =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => !isZero(value)));

const isZero = (value: Params[string]): boolean =>
  Buffer.isBuffer(value) ? value.every((byte) => byte === 0) : !value;
