// SPDX-License-Identifier: Apache-2.0
import { SERVICES, type ServiceName } from './endpoints.js';
import { EVENT_PREFIX } from './events.js';
import {
  ARTIFACT_BUCKET,
  changeSubject,
  DESIRED_BUCKET,
  EVENT_STREAM,
  MIDDLEBOX_DESIRED_BUCKET,
  MIDDLEBOX_OBSERVED_BUCKET,
  OBSERVED_BUCKET,
  PREPARED_BUCKET,
} from './storage.js';

/** What somebody on the bus can be. Agents are one identity each, of their host's name. */
export const BUS_ROLES = [
  'builder',
  'deployer',
  'monitor',
  'security',
  'middlebox',
  'operator',
  'host-agent',
  'middlebox-agent',
  'newcomer',
] as const;
export type BusRole = (typeof BUS_ROLES)[number];

/** Subjects that a NATS user may publish and subscribe to; nothing else. */
export interface BusPermissions {
  publish: { allow: string[]; deny?: string[] };
  subscribe: { allow: string[] };
  /** Whether it may answer whoever asks it, wherever the answer is wanted. */
  responses?: boolean;
}

/** In a template, what the NATS server replaces by the name of the user. */
export const NAME_OF_USER = '{{name()}}';

const KV = (bucket: string): string => `KV_${bucket}`;
const ARTIFACTS = `OBJ_${ARTIFACT_BUCKET}`;

/** Makes a stream when there is none. */
const creates = (stream: string): string[] => [
  '$JS.API.INFO',
  `$JS.API.STREAM.INFO.${stream}`,
  `$JS.API.STREAM.CREATE.${stream}`,
];

/** Follows all keys of a bucket. */
const follows = (...buckets: string[]): string[] =>
  buckets.map(KV).flatMap((stream) => [
    ...creates(stream),
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    // The server asks for an answer, lest it sends faster than is read.
    `$JS.FC.${stream}.>`,
  ]);

const writes = (...buckets: string[]): string[] =>
  buckets.flatMap((bucket) => [...creates(KV(bucket)), `$KV.${bucket}.*`]);

const tells = (service: ServiceName): string[] => [
  ...creates(EVENT_STREAM),
  `${EVENT_PREFIX}.${service}.*`,
];

/** Reads all events, each by one replica. */
const hears = (service: ServiceName): string[] => [
  ...creates(EVENT_STREAM),
  `$JS.API.CONSUMER.CREATE.${EVENT_STREAM}.${service}`,
  `$JS.API.CONSUMER.INFO.${EVENT_STREAM}.${service}`,
  `$JS.API.CONSUMER.MSG.NEXT.${EVENT_STREAM}.${service}`,
  `$JS.ACK.${EVENT_STREAM}.${service}.>`,
];

const FETCHES = [`$JS.API.STREAM.MSG.GET.${ARTIFACTS}`, `$JS.API.DIRECT.GET.${ARTIFACTS}`];

/** A key of its own, and no other. */
const keeps = (desired: string, observed: string, name: string): string[] => [
  `$JS.API.DIRECT.GET.${KV(desired)}.$KV.${desired}.${name}`,
  `$KV.${observed}.${name}`,
];

/** Where NATS micro services are found. */
const discovery = (service: ServiceName): string[] =>
  ['PING', 'INFO', 'STATS'].flatMap((verb) => [
    `$SRV.${verb}`,
    `$SRV.${verb}.l45-${service}`,
    `$SRV.${verb}.l45-${service}.*`,
  ]);

/**
 * Services may write to every inbox and nowhere else: whoever asks chooses where the answer goes,
 * and would have them write it into a state, for one.
 */
const service = (name: ServiceName, publish: string[]): BusPermissions => ({
  publish: { allow: [...new Set([...publish, '_INBOX.>'])] },
  subscribe: { allow: [`l45.${name}.*`, `_INBOX.${name}.>`, ...discovery(name)] },
});

/** Agents may write to no inbox but that of who asks them. */
const agent = (name: string, publish: string[], subscribe: string[]): BusPermissions => ({
  publish: { allow: [...publish, ...FETCHES] },
  subscribe: { allow: [`_INBOX.agent.${name}.>`, ...subscribe, ...discovery('agent')] },
  responses: true,
});

/**
 * All that somebody on the bus may do: the only place where it is said. An agent gets no consumer
 * of a stream, not even of its own key: who makes one chooses the subject to which the server
 * sends, which may be anybody's.
 */
export function permissionsOf(role: BusRole, name = NAME_OF_USER): BusPermissions {
  switch (role) {
    case 'builder':
      return service('builder', [
        ...creates(ARTIFACTS),
        ...FETCHES,
        `$O.${ARTIFACT_BUCKET}.>`,
        // An upload that failed is taken back.
        `$JS.API.STREAM.PURGE.${ARTIFACTS}`,
        'l45.security.sign',
        'l45.monitor.hosts',
      ]);
    case 'deployer':
      return service('deployer', [
        ...follows(OBSERVED_BUCKET, DESIRED_BUCKET, MIDDLEBOX_DESIRED_BUCKET, PREPARED_BUCKET),
        ...writes(DESIRED_BUCKET),
        ...tells('deployer'),
        'l45.builder.describe',
        'l45.builder.preflight',
        'l45.builder.build',
        'l45.security.policies',
      ]);
    case 'monitor':
      return service('monitor', [
        ...follows(OBSERVED_BUCKET, DESIRED_BUCKET),
        ...tells('monitor'),
        ...hears('monitor'),
        'l45.agent.*.flows',
      ]);
    case 'security':
      return service('security', [
        ...follows(OBSERVED_BUCKET),
        ...tells('security'),
        'l45.deployer.status',
        'l45.deployer.revoke',
        'l45.agent.*.exchange',
        'l45.agent.*.key',
        'l45.agent.*.challenge',
      ]);
    case 'middlebox':
      return service('middlebox', [
        ...follows(
          DESIRED_BUCKET,
          MIDDLEBOX_DESIRED_BUCKET,
          MIDDLEBOX_OBSERVED_BUCKET,
          PREPARED_BUCKET,
        ),
        ...writes(MIDDLEBOX_DESIRED_BUCKET, PREPARED_BUCKET),
        ...tells('middlebox'),
        'l45.builder.customizations',
        'l45.builder.inverse',
        'l45.deployer.status',
      ]);
    case 'operator':
      return {
        publish: {
          allow: [
            ...SERVICES.filter((each) => each !== 'agent').map((each) => `l45.${each}.*`),
            'l45.agent.*.status',
            '$SRV.>',
          ],
          // What is signed is the builder's.
          deny: ['l45.security.sign'],
        },
        // The `nats` command asks from inboxes of any name.
        subscribe: { allow: ['_INBOX.>', `${EVENT_PREFIX}.>`] },
      };
    case 'host-agent':
      return agent(
        name,
        [...keeps(DESIRED_BUCKET, OBSERVED_BUCKET, name), 'l45.security.keys'],
        [changeSubject(DESIRED_BUCKET, name), `l45.agent.${name}.*`],
      );
    case 'middlebox-agent':
      return agent(
        name,
        [...keeps(MIDDLEBOX_DESIRED_BUCKET, MIDDLEBOX_OBSERVED_BUCKET, name), 'l45.security.keys'],
        [changeSubject(MIDDLEBOX_DESIRED_BUCKET, name)],
      );
    case 'newcomer':
      return {
        publish: { allow: ['l45.security.enrol'] },
        subscribe: { allow: [`_INBOX.newcomer.${name}.>`] },
      };
  }
}
