// SPDX-License-Identifier: Apache-2.0
import { applyDecorators } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

export const PROTOCOLS = ['tcp', 'udp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export const ROLES = ['client', 'server'] as const;
export type Role = (typeof ROLES)[number];

/** `observe` counts what it would change and changes nothing. */
export const MODES = ['inactive', 'observe', 'active'] as const;
export type Mode = (typeof MODES)[number];

export const DIRECTIONS = ['ingress', 'egress'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** Only sockets created from now on, or live ones as well. */
export const ATTACH = ['future', 'immediate'] as const;
export type Attach = (typeof ATTACH)[number];

/** Names that are also NATS subject tokens and KV keys. */
export const NAME = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/;
const PORTS = /^\d{1,5}(-\d{1,5})?$/;
const PREFIX = /^[0-9a-fA-F.:]+(\/\d{1,3})?$/;
/** TASK_COMM_LEN without its NUL. */
const APPLICATION = /^.{1,15}$/;
/** Most entries of one list of a match (L45_LIST_MAX of the kernel). */
const LIST_MAX = 16;

/** What a field means, in the JSON Schema. */
export const Describe = (description: string, example?: unknown): PropertyDecorator =>
  JSONSchema(
    example === undefined ? { description } : { description, examples: [example] },
  ) as PropertyDecorator;

/** A name of ours: lower case letters, digits, `-` and `_`, at most 63. */
export const IsName = (each = false): PropertyDecorator =>
  Matches(NAME, { each, message: `$property must match ${NAME.source}` });

/** An address or a prefix. */
export const IsPrefix = (each = false): PropertyDecorator =>
  Matches(PREFIX, {
    each,
    message: `${each ? 'each of ' : ''}$property must be an address or a prefix`,
  });

/** SHA-256, as it is written everywhere. */
export const IsDigest = (): PropertyDecorator =>
  Matches(/^[0-9a-f]{64}$/, { message: '$property must be a SHA-256 digest in hex' });

/** First 16 hex digits of the SHA-256 of a public key. */
export const IsKeyId = (): PropertyDecorator =>
  Matches(/^[0-9a-f]{16}$/, { message: '$property must be 16 hex digits' });

/** An empty list would match nothing: whoever writes one means an absent one, or made a mistake. */
const List = (): PropertyDecorator =>
  applyDecorators(IsOptional(), IsArray(), ArrayMinSize(1), ArrayMaxSize(LIST_MAX), ArrayUnique());

/** An object with rules of its own. ValidateNested alone takes a list in its place. */
export const Nested = (type: () => new () => object): PropertyDecorator =>
  applyDecorators(IsObject(), ValidateNested(), Type(type));

/** A list of objects with rules of their own. */
export const NestedList = (type: () => new () => object): PropertyDecorator =>
  applyDecorators(IsArray(), IsObject({ each: true }), ValidateNested({ each: true }), Type(type));

/** One side of a flow. An absent list matches everything. */
export class Endpoint {
  @Describe('Addresses or prefixes, IPv4 or IPv6', ['10.0.0.0/24', 'fd45::2'])
  @List()
  @IsPrefix(true)
  prefixes?: string[];

  @Describe('Ports or inclusive ranges of ports', ['53', '8000-8080'])
  @List()
  @Matches(PORTS, { each: true, message: 'each of $property must be a port or a range a-b' })
  ports?: string[];
}

/** Which flows: every list given must have an entry that matches; an absent one matches everything. */
export class Match {
  @Describe('Transport protocols', ['udp'])
  @List()
  @IsIn(PROTOCOLS, { each: true })
  protocols?: Protocol[];

  @Describe('Names of the thread or of its group leader; a trailing * matches any ending', ['dig'])
  @List()
  @Matches(APPLICATION, { each: true, message: 'each of $property must have 1 to 15 characters' })
  applications?: string[];

  @Describe('The side of the host')
  @IsOptional()
  @Nested(() => Endpoint)
  local?: Endpoint;

  @Describe('The side of its peer')
  @IsOptional()
  @Nested(() => Endpoint)
  remote?: Endpoint;

  @Describe('Owners of the socket, numeric', [1000])
  @List()
  @IsInt({ each: true })
  @Min(0, { each: true })
  uids?: number[];

  @Describe('Paths of cgroups (v2) below /sys/fs/cgroup; each includes all below it')
  @List()
  @IsString({ each: true })
  cgroups?: string[];
}

const LABEL = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;

/** Labels: names and values of letters, digits and `._/-`, at most 63. */
export const isLabels = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).every((pair) =>
    pair.every((text: unknown) => typeof text === 'string' && LABEL.test(text)),
  );

/** What a binary is built for. */
export class Target {
  @Describe('Kernel release, as `uname -r` prints it', '6.1.0-44-amd64')
  @Matches(/^[A-Za-z0-9.+~_-]{1,64}$/)
  kernelRelease: string;

  @Describe('Machine, as `uname -m` prints it', 'x86_64')
  @Matches(/^[a-z0-9_]{1,16}$/)
  arch: string;
}

/** A request without fields. */
// oxlint-disable-next-line typescript/no-extraneous-class
export class Empty {}

/** Priority: order among the instances of a socket, lower first. */
export const IsPriority = (): PropertyDecorator =>
  applyDecorators(
    Describe('Order among the instances attached to a socket, lower first', 100),
    IsInt(),
    Min(0),
    Max(65535),
  );

/** How long a request waits for convergence before it answers. */
export const IsWait = (): PropertyDecorator =>
  applyDecorators(
    Describe(
      'Seconds to wait until every host has converged before answering; 0 answers at once',
      10,
    ),
    IsOptional(),
    IsInt(),
    Min(0),
    Max(600),
  );
