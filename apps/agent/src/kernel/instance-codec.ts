// SPDX-License-Identifier: Apache-2.0
import {
  type AttachedSocket,
  chainName,
  type Counters,
  type Direction,
  DIRECTIONS,
  type Protocol,
} from '@l45/contracts';
import type { Attributes } from '../netlink/attributes.js';
import { MalformedMessage } from '../netlink/raw-attributes.js';
import * as uapi from '../netlink/uapi.generated.js';
import { formatAddress, formatPrefix, parsePrefix } from './address.js';
import { distinct, withoutZeros } from './desired-instance.js';
import type {
  FlowMatch,
  InstanceSettings,
  KernelInstance,
  NewInstance,
  Params,
} from './instance.js';
import type { Vouched } from './kernel.gateway.js';
import { formatPorts, parsePorts } from './ports.js';

type Tags<S extends keyof typeof uapi.attributeSets> = Attributes<S>;
const PROTOCOL = { tcp: 6, udp: 17 } as const;

export const encodeNew = (instance: NewInstance): Tags<'instance'> => ({
  id: encodeId(instance.id),
  deployment: encodeId(instance.deployment),
  ...encodeCustomization(instance),
  role: uapi.Role[instance.role],
  match: encodeMatch(instance.match),
  attach: uapi.Attach[instance.attach],
  ...encodeSettings({ ...instance, deprecated: undefined }),
});

const encodeCustomization = ({
  customization,
  params,
  chain,
}: NewInstance): Pick<Tags<'instance'>, 'customization' | 'param' | 'link'> =>
  chain
    ? {
        link: chain.map((link) => ({
          customization: link.customization,
          param: encodeParams(link.params),
        })),
      }
    : { customization, param: encodeParams(params) };

export const encodeSet = (id: string, settings: Partial<InstanceSettings>): Tags<'instance'> => ({
  id: encodeId(id),
  ...encodeSettings(settings),
});

export const encodeId = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

function encodeSettings(settings: Partial<InstanceSettings>): Tags<'instance'> {
  const { priority, mode, directions, deprecated } = settings;
  return {
    priority,
    mode: mode && uapi.Mode[mode],
    directions: directions?.reduce((flags, direction) => flags | uapi.Direction[direction], 0),
    deprecated: deprecated === undefined ? undefined : Number(deprecated),
  };
}

const encodeMatch = (match: FlowMatch): Tags<'match'> => ({
  protocol: match.protocols.map((name) => PROTOCOL[name]),
  application: match.applications,
  localPrefix: match.localPrefixes.map(parsePrefix),
  remotePrefix: match.remotePrefixes.map(parsePrefix),
  localPort: match.localPorts.map(parsePorts),
  remotePort: match.remotePorts.map(parsePorts),
  uid: match.uids,
  cgroup: match.cgroups.map(BigInt),
});

const encodeParams = (params: Params): Tags<'param'>[] =>
  Object.entries(params).map(([name, value]) => {
    if (typeof value === 'bigint') return { name, uint: value };
    return typeof value === 'string' ? { name, string: value } : { name, binary: value };
  });

export function decodeInstance(tags: Tags<'instance'>): KernelInstance {
  return {
    id: decodeId(required(tags.id, 'id')),
    deployment: decodeId(required(tags.deployment, 'deployment')),
    ...decodeCustomization(tags),
    role: decodeEnum(uapi.Role, tags.role, 'role'),
    match: decodeMatch(tags.match ?? {}),
    priority: required(tags.priority, 'priority'),
    mode: decodeEnum(uapi.Mode, tags.mode, 'mode'),
    directions: decodeDirections(required(tags.directions, 'directions')),
    deprecated: tags.deprecated === 1,
    sockets: tags.sockets ?? 0,
    lastUsed: String(tags.lastUsed ?? 0n),
    counters: decodeCounters(tags.counters ?? {}),
  };
}

function decodeCustomization({
  customization,
  param = [],
  link,
}: Tags<'instance'>): Pick<KernelInstance, 'customization' | 'params' | 'chain'> {
  if (!link) {
    return {
      customization: required(customization, 'customization'),
      params: decodeParams(param),
    };
  }
  const chain = link.map((one) => ({
    customization: required(one.customization, 'customization of a link'),
    params: decodeParams(one.param ?? []),
  }));
  return { customization: chainName(chain), params: {}, chain };
}

export function decodeSocket(tags: Tags<'socket'>): AttachedSocket {
  const { remoteAddress, remotePort } = tags;
  return {
    cookie: String(required(tags.cookie, 'cookie')),
    protocol: decodeProtocol(required(tags.protocol, 'protocol')),
    local: {
      address: decodeAddress(required(tags.localAddress, 'local address')),
      port: tags.localPort ?? 0,
    },
    ...(remoteAddress && {
      remote: { address: decodeAddress(remoteAddress), port: remotePort ?? 0 },
    }),
    application: tags.application ?? '',
    pid: tags.pid ?? 0,
    uid: tags.uid ?? 0,
    instances: (tags.instance ?? []).map(decodeId),
    draining: (tags.draining ?? []).map(decodeId),
  };
}

export const decodeAnswer = (tags: Tags<'challenge'>): Vouched => ({
  load: required(tags.load, 'load').toString(16).padStart(16, '0'),
  measurement: required(tags.measurement, 'measurement').toString('hex'),
  mac: required(tags.mac, 'MAC').toString('hex'),
});

const decodeMatch = (tags: Tags<'match'>): FlowMatch => ({
  protocols: distinct(tags.protocol?.map(decodeProtocol)),
  applications: distinct(tags.application),
  localPrefixes: distinct(tags.localPrefix?.map(decodePrefix)),
  remotePrefixes: distinct(tags.remotePrefix?.map(decodePrefix)),
  localPorts: distinct(tags.localPort?.map(decodePorts)),
  remotePorts: distinct(tags.remotePort?.map(decodePorts)),
  uids: distinct(tags.uid),
  cgroups: distinct(tags.cgroup?.map(String)),
});

const decodePrefix = ({ address, length }: Tags<'prefix'>): string =>
  formatPrefix({ address: required(address, 'address'), length: required(length, 'length') });

const decodePorts = ({ first, last }: Tags<'portRange'>): string =>
  formatPorts({ first: required(first, 'first port'), last: required(last, 'last port') });

const decodeParams = (list: Tags<'param'>[]): Params =>
  withoutZeros(
    Object.fromEntries(
      list.map(({ name, uint, string, binary }) => [
        required(name, 'name of a parameter'),
        required(uint ?? string ?? binary, 'value of a parameter'),
      ]),
    ),
  );

const COUNTERS = Object.keys(uapi.attributeSets.counters) as (keyof Counters)[];

const decodeCounters = (tags: Tags<'counters'>): Counters =>
  Object.fromEntries(
    COUNTERS.map((name) => [name, String(tags[name] ?? 0n)]),
  ) as unknown as Counters;

const decodeDirections = (flags: number): Direction[] =>
  DIRECTIONS.filter((direction) => flags & uapi.Direction[direction]);

function decodeId(bytes: Buffer): string {
  if (bytes.length !== 16) throw new MalformedMessage(`an identifier of ${bytes.length} bytes`);
  return bytes.toString('hex').replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5');
}

function decodeAddress(bytes: Buffer): string {
  if (bytes.length !== 4 && bytes.length !== 16) {
    throw new MalformedMessage(`an address of ${bytes.length} bytes`);
  }
  return formatAddress(bytes);
}

const decodeProtocol = (number: number): Protocol => decodeEnum(PROTOCOL, number, 'protocol');

function decodeEnum<T extends Record<string, number>>(
  values: T,
  value: number | undefined,
  what: string,
): keyof T & string {
  const name = Object.keys(values).find((key) => values[key] === value);
  if (name === undefined) throw new MalformedMessage(`${value} as ${what}`);
  return name;
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new MalformedMessage(`no ${what}`);
  return value;
}
