// SPDX-License-Identifier: Apache-2.0
import { type BusRole, ENDPOINTS } from '@l45/contracts';

/** Every command, and what every agent answers. */
const REQUESTS = Object.values(ENDPOINTS).flatMap((verbs) =>
  Object.values(verbs).map(({ subject }) => subject),
);
const commands = (...allowed: string[]): string[] =>
  REQUESTS.filter((subject) => !subject.includes('<host>') && !allowed.includes(subject));
const agents = (host: string): string[] =>
  REQUESTS.filter((subject) => subject.includes('<host>')).map((subject) =>
    subject.replace('<host>', host),
  );

const KV = ['desired', 'observed', 'middlebox_desired', 'middlebox_observed', 'prepared'];
const STREAMS = [...KV.map((name) => `KV_l45_${name}`), 'OBJ_l45_artifacts', 'l45_events'];

/** Whoever may do this owns the stream. */
const ownership = (stream: string): string[] => [
  ...['CREATE', 'UPDATE', 'DELETE', 'PURGE', 'SNAPSHOT', 'RESTORE', 'MSG.DELETE'].map(
    (verb) => `$JS.API.STREAM.${verb}.${stream}`,
  ),
  `$JS.API.CONSUMER.DELETE.${stream}.theirs`,
  `$JS.API.CONSUMER.LIST.${stream}`,
  `$JS.API.CONSUMER.NAMES.${stream}`,
];
/** Of one's own key as well: who makes a consumer chooses where it delivers. */
const consumers = (stream: string): string[] => [
  `$JS.API.CONSUMER.CREATE.${stream}`,
  `$JS.API.CONSUMER.CREATE.${stream}.mine`,
  `$JS.API.CONSUMER.CREATE.${stream}.mine.$KV.${stream.slice(3)}.client`,
  `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.mine`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.theirs`,
];

/** What nobody may publish but services. */
const OTHERS = [
  ...STREAMS.flatMap((stream) => [...ownership(stream), ...consumers(stream)]),
  ...['INFO', 'STREAM.LIST', 'STREAM.NAMES', 'STREAM.INFO.KV_l45_observed'].map(
    (name) => `$JS.API.${name}`,
  ),
  ...KV.flatMap((name) => [
    `$KV.l45_${name}.other`,
    `$JS.API.STREAM.MSG.GET.KV_l45_${name}`,
    `$JS.API.DIRECT.GET.KV_l45_${name}`,
    `$JS.API.DIRECT.GET.KV_l45_${name}.$KV.l45_${name}.other`,
    `$JS.API.DIRECT.GET.KV_l45_${name}.$KV.l45_${name}.>`,
    `l45.change.l45_${name}.other`,
  ]),
  '$O.l45_artifacts.C.chunk',
  '$O.l45_artifacts.M.name',
  'l45.events.deployer.deployment',
  'l45.events.security.challenge',
  '$SRV.PING',
  '$SRV.PING.l45-agent',
  '$SYS.REQ.CLAIMS.UPDATE',
  '$SYS.REQ.SERVER.PING',
  ...['deployer', 'security', 'operator', 'agent.other', 'agent.client', 'newcomer.other'].map(
    (name) => `_INBOX.${name}.answer`,
  ),
  '_INBOX.answer',
  ...agents('other'),
];

const READ_BY_NOBODY = [
  ...['>', '*', 'l45.>', 'l45.*.*', '$KV.>', '$O.>', '$JS.>', '$JS.API.>', '$SYS.>', '$SRV.>'],
  ...['_INBOX.>', '_INBOX.*', '_INBOX.agent.>', '_INBOX.agent.*.answer', '_INBOX.agent.other.>'],
  ...['operator', 'deployer', 'security', 'builder', 'newcomer'].map((name) => `_INBOX.${name}.>`),
  ...KV.flatMap((name) => [
    `$KV.l45_${name}.>`,
    `$KV.l45_${name}.other`,
    `l45.change.l45_${name}.*`,
  ]),
  ...agents('other'),
  ...agents('*'),
  ...commands(),
  'l45.events.>',
  'l45.events.security.challenge',
  '$SRV.PING.l45-deployer',
];

export interface Forbidden {
  publish: string[];
  subscribe: string[];
}

/** Of the agent of the host `client`. */
export const HOST_AGENT: Forbidden = {
  publish: [
    ...OTHERS,
    ...commands('l45.security.keys'),
    ...agents('client'),
    '$KV.l45_desired.client',
    '$KV.l45_observed.>',
    '$JS.API.DIRECT.GET.KV_l45_observed.$KV.l45_observed.client',
    '$KV.l45_middlebox_observed.client',
  ],
  subscribe: [...READ_BY_NOBODY, '$KV.l45_desired.client'],
};

/** Of the agent of the middlebox `tap`. */
export const MIDDLEBOX_AGENT: Forbidden = {
  publish: [
    ...OTHERS,
    ...commands('l45.security.keys'),
    ...agents('tap'),
    '$KV.l45_middlebox_desired.tap',
    '$KV.l45_observed.tap',
    '$KV.l45_desired.tap',
    '$JS.API.DIRECT.GET.KV_l45_desired.$KV.l45_desired.tap',
  ],
  subscribe: [...READ_BY_NOBODY, ...agents('tap'), 'l45.change.l45_desired.tap'],
};

/** Of whoever has the token of an invitation for `late`. */
export const NEWCOMER: Forbidden = {
  publish: [
    ...OTHERS,
    ...commands('l45.security.enrol'),
    ...agents('late'),
    '$KV.l45_observed.late',
    '$JS.API.DIRECT.GET.KV_l45_desired.$KV.l45_desired.late',
    '$JS.API.STREAM.MSG.GET.OBJ_l45_artifacts',
  ],
  subscribe: [...READ_BY_NOBODY, ...agents('late'), '_INBOX.agent.late.>', '_INBOX.newcomer.x.>'],
};

/** Of services and people: what only somebody else does. */
export const SERVICES: Partial<Record<BusRole, Forbidden>> = {
  builder: {
    publish: [
      ...commands('l45.security.sign', 'l45.monitor.hosts'),
      ...agents('client'),
      ...KV.map((name) => `$KV.l45_${name}.client`),
      'l45.events.deployer.deployment',
      '$JS.API.STREAM.DELETE.KV_l45_desired',
      '$JS.API.STREAM.DELETE.OBJ_l45_artifacts',
    ],
    subscribe: ['>', 'l45.security.sign', '_INBOX.security.>', '_INBOX.agent.>', '_INBOX.>'],
  },
  deployer: {
    publish: [
      'l45.security.sign',
      'l45.security.keys',
      'l45.security.invite',
      'l45.security.revoke',
      ...agents('client'),
      '$KV.l45_observed.client',
      '$KV.l45_middlebox_desired.tap',
      '$KV.l45_prepared.x',
      '$O.l45_artifacts.C.chunk',
      'l45.events.security.challenge',
      '$JS.API.STREAM.DELETE.KV_l45_desired',
      '$JS.API.STREAM.PURGE.l45_events',
    ],
    subscribe: [
      '>',
      'l45.security.>',
      '_INBOX.security.>',
      '_INBOX.operator.>',
      'l45.builder.build',
    ],
  },
  monitor: {
    publish: [
      ...commands(),
      ...agents('client').filter((subject) => !subject.endsWith('.flows')),
      ...KV.map((name) => `$KV.l45_${name}.client`),
      '$O.l45_artifacts.C.chunk',
      'l45.events.deployer.deployment',
      '$JS.API.STREAM.DELETE.KV_l45_observed',
    ],
    subscribe: ['>', 'l45.deployer.deploy', '_INBOX.deployer.>'],
  },
  security: {
    publish: [
      ...commands('l45.deployer.status', 'l45.deployer.revoke'),
      'l45.agent.client.status',
      ...KV.map((name) => `$KV.l45_${name}.client`),
      '$O.l45_artifacts.C.chunk',
      'l45.events.deployer.deployment',
    ],
    subscribe: ['>', 'l45.deployer.deploy', '_INBOX.deployer.>', 'l45.agent.client.key'],
  },
  middlebox: {
    publish: [
      ...commands('l45.builder.customizations', 'l45.builder.inverse', 'l45.deployer.status'),
      ...agents('client'),
      '$KV.l45_desired.client',
      '$KV.l45_observed.client',
      '$KV.l45_middlebox_observed.tap',
      '$O.l45_artifacts.C.chunk',
      'l45.events.security.challenge',
    ],
    subscribe: ['>', 'l45.deployer.deploy', '_INBOX.deployer.>'],
  },
  operator: {
    publish: [
      'l45.security.sign',
      ...agents('client').filter((subject) => !subject.endsWith('.status')),
      ...KV.map((name) => `$KV.l45_${name}.client`),
      ...STREAMS.flatMap(ownership),
      '$O.l45_artifacts.C.chunk',
      'l45.events.security.challenge',
      '_INBOX.deployer.x',
    ],
    subscribe: ['>', 'l45.agent.client.status', 'l45.security.sign', '$KV.>'],
  },
};
