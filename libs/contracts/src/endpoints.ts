// SPDX-License-Identifier: Apache-2.0
import { type AgentFlowsReply, AgentFlowsRequest, type AgentStatus } from './agent.dto.js';
import {
  AddCustomizationRequest,
  type BuildReply,
  BuildRequest,
  type Customization,
  CustomizationRef,
  type CustomizationsReply,
  type PreflightReply,
  PreflightRequest,
  type TargetsReply,
} from './builder.dto.js';
import {
  type AgentChallengeReply,
  AgentChallengeRequest,
  ChallengePolicy,
  type ChallengeReply,
  ChallengeRequest,
  ChallengesRequest,
  DropPolicyRequest,
  HostKeyRequest,
  type KeyExchange,
  type PoliciesReply,
  RequirePolicyRequest,
} from './challenge.dto.js';
import { Empty } from './common.dto.js';
import {
  type Deployment,
  DeploymentRequest,
  DeployRequest,
  type HistoryReply,
  HistoryRequest,
  type Plan,
  PlanRequest,
  PrioritiseRequest,
  RevokeRequest,
  RollbackRequest,
  RotateRequest,
  type Rotation,
  RotationRequest,
  type RotationsReply,
  RotationsRequest,
  type Schedule,
  ScheduleRequest,
  type SchedulesReply,
  type StatusReply,
  StatusRequest,
  UnscheduleRequest,
} from './deployer.dto.js';
import {
  type Enrolment,
  EnrolRequest,
  type IdentitiesReply,
  type Identity,
  IdentityRequest,
  type Invitation,
  InviteRequest,
} from './identity.dto.js';
import {
  AllowRequest,
  type AllowReply,
  AssignmentsRequest,
  type AssignmentsReply,
  type InverseModule,
  InverseRequest,
  type Middlebox,
  MiddleboxesRequest,
  type MiddleboxesReply,
  MiddleboxRequest,
  RegisterMiddleboxRequest,
} from './middlebox.dto.js';
import {
  type DriftReply,
  DriftRequest,
  type EventsReply,
  EventsRequest,
  type FlowsReply,
  FlowsRequest,
  HostsRequest,
  type HostsReply,
  type InstancesReply,
  InstancesRequest,
  type SamplesReply,
  SamplesRequest,
} from './monitor.dto.js';
import {
  type AllowRollbackReply,
  AllowRollbackRequest,
  RotateKeyRequest,
  type SignReply,
  SignRequest,
  type TrustedKeys,
} from './security.dto.js';

export const SERVICES = [
  'builder',
  'deployer',
  'monitor',
  'security',
  'middlebox',
  'agent',
] as const;
export type ServiceName = (typeof SERVICES)[number];

/** One request that a service answers: subject, request, summary and an example that is valid. */
export interface EndpointContract<Request extends object, Reply> {
  service: ServiceName;
  verb: string;
  /** In an agent's subject, `<host>` stands for the name of the host. */
  subject: string;
  request: new () => Request;
  summary: string;
  example: Request;
  /** Only carries the type of the answer. */
  reply?: Reply;
}

const endpoint =
  <Reply>() =>
  <Request extends object>(
    service: ServiceName,
    verb: string,
    request: new () => Request,
    summary: string,
    example: Request,
  ): EndpointContract<Request, Reply> => ({
    service,
    verb,
    subject: service === 'agent' ? `l45.agent.<host>.${verb}` : `l45.${service}.${verb}`,
    request,
    summary,
    example,
  });

const target = { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' };
const name = 'tag-dns';
const digest = '4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a';

/** Every request of the system. */
export const ENDPOINTS = {
  builder: {
    build: endpoint<BuildReply>()(
      'builder',
      'build',
      BuildRequest,
      'Build a customization and the core for a target, or find them in the cache.',
      { customization: 'dns_tag', target },
    ),
    preflight: endpoint<PreflightReply>()(
      'builder',
      'preflight',
      PreflightRequest,
      'What would be built for hosts or targets, what is cached, and what cannot be.',
      { customization: 'dns_tag', hosts: ['client'] },
    ),
    customizations: endpoint<CustomizationsReply>()(
      'builder',
      'customizations',
      Empty,
      'What can be deployed.',
      {},
    ),
    describe: endpoint<Customization>()(
      'builder',
      'describe',
      CustomizationRef,
      'One customization with the schema of its parameters.',
      { customization: 'dns_tag' },
    ),
    add: endpoint<Customization>()(
      'builder',
      'add',
      AddCustomizationRequest,
      'Add the source of a customization.',
      { manifest: 'name: my_tag\n…', files: { 'my_tag.c': '…' } },
    ),
    inverse: endpoint<InverseModule>()(
      'builder',
      'inverse',
      InverseRequest,
      'Build the inverse module of a customization, or find it in the cache.',
      { customization: 'dns_tag', type: 'wireshark' },
    ),
    targets: endpoint<TargetsReply>()(
      'builder',
      'targets',
      Empty,
      'Targets that can be built for.',
      {},
    ),
  },
  deployer: {
    deploy: endpoint<Deployment>()(
      'deployer',
      'deploy',
      DeployRequest,
      'Deploy a customization. The same request again changes nothing.',
      {
        name,
        customization: 'dns_tag',
        ends: {
          client: {
            hosts: ['client'],
            match: { applications: ['dig'], remote: { ports: ['53'] } },
          },
          server: {
            hosts: ['dns-server'],
            match: { applications: ['dnsmasq'], local: { ports: ['53'] } },
          },
        },
        wait: 10,
      },
    ),
    activate: endpoint<Deployment>()(
      'deployer',
      'activate',
      DeploymentRequest,
      'Let a deployment customize.',
      { name },
    ),
    deactivate: endpoint<Deployment>()(
      'deployer',
      'deactivate',
      DeploymentRequest,
      'Let a deployment pass everything unchanged.',
      { name },
    ),
    observe: endpoint<Deployment>()(
      'deployer',
      'observe',
      DeploymentRequest,
      'Let a deployment count what it would change, and change nothing.',
      { name },
    ),
    prioritise: endpoint<Deployment>()(
      'deployer',
      'prioritise',
      PrioritiseRequest,
      'Change the priority of a deployment.',
      { name, priority: 50 },
    ),
    deprecate: endpoint<Deployment>()(
      'deployer',
      'deprecate',
      DeploymentRequest,
      'No new sockets; those attached keep it. Revoked once none is left.',
      { name },
    ),
    revoke: endpoint<Deployment>()(
      'deployer',
      'revoke',
      RevokeRequest,
      'Remove a deployment from every socket and host.',
      { name, author: 'alice', reason: 'no longer needed', wait: 10 },
    ),
    rollback: endpoint<Deployment>()(
      'deployer',
      'rollback',
      RollbackRequest,
      'Make a deployment what it was at an earlier revision.',
      { name, revision: 1 },
    ),
    rotate: endpoint<Rotation>()(
      'deployer',
      'rotate',
      RotateRequest,
      'Replace a deployment by another on live flows.',
      { from: name, to: { name: 'tag-dns-2', customization: 'dns_tag' }, wait: 30 },
    ),
    abort: endpoint<Rotation>()(
      'deployer',
      'abort',
      RotationRequest,
      'Undo a rotation that has not switched yet.',
      { name },
    ),
    rotations: endpoint<RotationsReply>()(
      'deployer',
      'rotations',
      RotationsRequest,
      'Rotations under way, or those of one deployment.',
      {},
    ),
    schedule: endpoint<Schedule>()(
      'deployer',
      'schedule',
      ScheduleRequest,
      'Rotate through a list of deployments, one every interval.',
      {
        name: 'hourly',
        from: name,
        deployments: [{ customization: 'dns_tag' }, { customization: 'app_id' }],
        interval: 3_600,
      },
    ),
    unschedule: endpoint<Schedule>()(
      'deployer',
      'unschedule',
      UnscheduleRequest,
      'End a schedule; what is deployed stays.',
      { name: 'hourly' },
    ),
    schedules: endpoint<SchedulesReply>()(
      'deployer',
      'schedules',
      Empty,
      'Schedules, and when each rotates next.',
      {},
    ),
    plan: endpoint<Plan>()(
      'deployer',
      'plan',
      PlanRequest,
      'What a request would change, and where. Changes nothing.',
      { change: 'revoke', name },
    ),
    history: endpoint<HistoryReply>()(
      'deployer',
      'history',
      HistoryRequest,
      'Every change of what has or had a name: who, why, and what.',
      { name },
    ),
    status: endpoint<StatusReply>()(
      'deployer',
      'status',
      StatusRequest,
      'Deployments and how far each host is.',
      { name },
    ),
  },
  monitor: {
    hosts: endpoint<HostsReply>()(
      'monitor',
      'hosts',
      HostsRequest,
      'Hosts and what runs on them.',
      { host: 'client' },
    ),
    instances: endpoint<InstancesReply>()(
      'monitor',
      'instances',
      InstancesRequest,
      'What became of each instance: installed, deprecated, revoked; sockets, last use, counters.',
      { deployment: name, state: 'installed' },
    ),
    flows: endpoint<FlowsReply>()(
      'monitor',
      'flows',
      FlowsRequest,
      'Flows that are customized at this moment, asked of the kernels.',
      { deployment: name, limit: 100 },
    ),
    drift: endpoint<DriftReply>()(
      'monitor',
      'drift',
      DriftRequest,
      'Hosts that do not run what they should, and why.',
      {},
    ),
    history: endpoint<SamplesReply>()(
      'monitor',
      'history',
      SamplesRequest,
      'Counters of the past, newest first; one a minute while they change.',
      { host: 'client', deployment: name, since: '2026-11-22T13:00:00Z' },
    ),
    events: endpoint<EventsReply>()(
      'monitor',
      'events',
      EventsRequest,
      'Events of the past, newest first.',
      { events: ['security.*', 'monitor.host'], about: 'client', limit: 10 },
    ),
  },
  security: {
    keys: endpoint<TrustedKeys>()(
      'security',
      'keys',
      Empty,
      'The public keys of artifacts: what a file of trusted keys (L45_TRUSTED_KEYS) has.',
      {},
    ),
    sign: endpoint<SignReply>()(
      'security',
      'sign',
      SignRequest,
      'Sign artifacts; the same artifact gets the same signature.',
      {
        artifacts: [{ digest, target, customization: 'dns_tag', version: '1.0.0', source: digest }],
      },
    ),
    rotate: endpoint<TrustedKeys>()(
      'security',
      'rotate',
      RotateKeyRequest,
      'Sign with a new key from now on; the present one counts for a while.',
      { overlap: 86_400 },
    ),
    challenge: endpoint<ChallengeReply>()(
      'security',
      'challenge',
      ChallengeRequest,
      'Let every instance of a deployment prove that its code runs, unmodified, with the right key.',
      { deployment: name },
    ),
    challenges: endpoint<ChallengeReply>()(
      'security',
      'challenges',
      ChallengesRequest,
      'Challenges of the past, newest first.',
      { deployment: name, limit: 10 },
    ),
    policy: endpoint<ChallengePolicy>()(
      'security',
      'policy',
      ChallengePolicy,
      'Challenge every instance of a deployment at an interval, and revoke it if one fails.',
      { deployment: name, interval: 60, window: 5 },
    ),
    drop: endpoint<PoliciesReply>()(
      'security',
      'drop',
      DropPolicyRequest,
      'Drop the challenge policy of a deployment.',
      { deployment: name },
    ),
    require: endpoint<PoliciesReply>()(
      'security',
      'require',
      RequirePolicyRequest,
      'Refuse deployments without a challenge policy in these networks; an empty list lifts it.',
      { prefixes: ['10.45.0.0/24'] },
    ),
    policies: endpoint<PoliciesReply>()(
      'security',
      'policies',
      Empty,
      'Challenge policies, and where they are required.',
      {},
    ),
    rollback: endpoint<AllowRollbackReply>()(
      'security',
      'rollback',
      AllowRollbackRequest,
      'Order hosts to accept an older source again: its next signature has a new counter.',
      { digest },
    ),
    invite: endpoint<Invitation>()(
      'security',
      'invite',
      InviteRequest,
      'Let a host enrol: the token, given to its agent, gets it an identity on the bus, once.',
      { host: 'client', role: 'host', expires: 3_600 },
    ),
    enrol: endpoint<Enrolment>()(
      'security',
      'enrol',
      EnrolRequest,
      'Get an identity for a key of its own; one that the host had before is revoked. For agents.',
      {
        token: 'eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.e30.c2ln',
        publicKey: 'UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4',
      },
    ),
    revoke: endpoint<Identity>()(
      'security',
      'revoke',
      IdentityRequest,
      'Have the bus refuse the agent of a host, at once and until it is invited again.',
      { host: 'client' },
    ),
    identities: endpoint<IdentitiesReply>()(
      'security',
      'identities',
      Empty,
      'Agents that were invited, enrolled or revoked.',
      {},
    ),
  },
  middlebox: {
    register: endpoint<Middlebox>()(
      'middlebox',
      'register',
      RegisterMiddleboxRequest,
      'Make a middlebox known, or change what it loads and sees.',
      { middlebox: 'tap-1', types: ['wireshark', 'pcap'], sees: { prefixes: ['10.45.0.0/24'] } },
    ),
    unregister: endpoint<MiddleboxesReply>()(
      'middlebox',
      'unregister',
      MiddleboxRequest,
      'Forget a middlebox; what it has loaded is removed.',
      { middlebox: 'tap-1' },
    ),
    list: endpoint<MiddleboxesReply>()(
      'middlebox',
      'list',
      MiddleboxesRequest,
      'Middleboxes, what they read, and the applications that they saw.',
      { middlebox: 'tap-1' },
    ),
    assignments: endpoint<AssignmentsReply>()(
      'middlebox',
      'assignments',
      AssignmentsRequest,
      'Which middleboxes read which deployments, and how far each is.',
      { deployment: 'tag-dns' },
    ),
    allow: endpoint<AllowReply>()(
      'middlebox',
      'allow',
      AllowRequest,
      'Say which applications may occur in a deployment.',
      { deployment: 'tag-dns', applications: ['dig', 'dnsmasq'] },
    ),
  },
  agent: {
    status: endpoint<AgentStatus>()(
      'agent',
      'status',
      Empty,
      "What the host's kernel runs at this moment, with counters and sockets.",
      {},
    ),
    flows: endpoint<AgentFlowsReply>()(
      'agent',
      'flows',
      AgentFlowsRequest,
      'Sockets with instances attached at this moment. For the monitor.',
      { application: 'dnsmasq', limit: 100 },
    ),
    exchange: endpoint<KeyExchange>()(
      'agent',
      'exchange',
      Empty,
      "The agent's public key, for secrets. For the security service.",
      {},
    ),
    key: endpoint<KeyExchange>()(
      'agent',
      'key',
      HostKeyRequest,
      'The key of this host and boot, from which the keys of its instances come. For the security service.',
      { sealed: 'MCowBQYDK2VuAyEA' },
    ),
    challenge: endpoint<AgentChallengeReply>()(
      'agent',
      'challenge',
      AgentChallengeRequest,
      'Let the kernel vouch for an instance. For the security service.',
      { instance: '6f1c8a0e-0000-4000-8000-000000000001', nonce: digest },
    ),
  },
};

/** The subject on which the agent of a host answers. */
export const agentSubject = (contract: { subject: string }, host: string): string =>
  contract.subject.replace('<host>', host);
