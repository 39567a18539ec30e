// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS, type InstancesReply } from '@l45/contracts';
import { createUser } from '@nats-io/nkeys';
import { readFileSync } from 'node:fs';
import type { AnyContract } from './contracts.js';

type Reply = Record<string, unknown>;

/** One request; `changes` is what its example lacks here, given what was answered before. */
export interface Step {
  contract: AnyContract;
  changes: (answered: (contract: AnyContract) => Reply) => object;
  host: 'client' | 'dns-server';
}

const step = (
  contract: AnyContract,
  changes: Step['changes'] | object = {},
  host: Step['host'] = 'client',
): Step => ({
  contract,
  changes: typeof changes === 'function' ? (changes as Step['changes']) : () => changes,
  host,
});

const { builder, deployer, monitor, security, middlebox, agent } = ENDPOINTS;
const NULL = 'kernel/customizations/null';
const source = (file: string): string => readFileSync(`${NULL}/${file}`, 'utf8');
const renamed = { name: 'tag-dns-2' };
const wait = { wait: 120 };

function instanceOf(host: string, reply: Reply): string | undefined {
  const { instances } = reply as unknown as InstancesReply;
  return instances.find((one) => one.host === host)?.instance;
}

/** What is asked of a control plane with two hosts, in an order in which all of it makes sense. */
export const onHosts = (kernelRelease: string): Step[] => [
  step(builder.targets),
  step(builder.customizations),
  step(builder.describe),
  step(builder.add, {
    manifest: source('customization.yaml')
      .replace("name: 'null'", 'name: my_tag')
      .replace('null.c', 'my_tag.c'),
    files: { 'my_tag.c': source('null.c').replace('.name = "null"', '.name = "my_tag"') },
  }),
  step(builder.build, { target: { kernelRelease, arch: 'x86_64' } }),
  step(builder.preflight),
  step(builder.inverse),
  step(security.keys),
  step(security.sign),
  step(deployer.plan, {
    change: undefined,
    name: undefined,
    deploy: deployer.deploy.example,
  }),
  step(deployer.deploy, wait),
  step(deployer.status),
  step(agent.status, {}, 'dns-server'),
  step(agent.flows, {}, 'dns-server'),
  step(agent.exchange),
  step(monitor.hosts),
  step(monitor.instances),
  step(monitor.flows),
  step(monitor.drift),
  step(middlebox.allow),
  // Nobody speaks what a middlebox cannot read yet, and this one has no agent: it goes again.
  step(middlebox.register),
  step(middlebox.list),
  step(middlebox.assignments),
  step(middlebox.unregister),
  step(security.policy),
  step(security.policies),
  step(security.challenge),
  step(security.challenges),
  step(agent.challenge, (answered) => ({
    instance: instanceOf('client', answered(monitor.instances)),
  })),
  step(security.drop),
  step(security.require),
  step(security.require, { prefixes: [] }),
  step(deployer.observe, wait),
  step(deployer.deactivate, wait),
  step(deployer.activate, wait),
  step(deployer.prioritise, wait),
  step(deployer.rotate, wait),
  step(deployer.rotate, {
    from: 'tag-dns-2',
    to: { name: 'tag-dns-3', customization: 'dns_tag' },
    wait: 0,
  }),
  step(deployer.rotations),
  step(deployer.abort, { ...renamed, ...wait }),
  step(deployer.schedule, { from: 'tag-dns-2' }),
  step(deployer.schedules),
  step(deployer.unschedule),
  step(deployer.history, renamed),
  step(deployer.rollback, { ...renamed, revision: 1, ...wait }),
  step(deployer.deprecate, { ...renamed, ...wait }),
  step(deployer.revoke, { ...renamed, ...wait }),
  step(monitor.history, { since: undefined }),
  step(monitor.events, { events: ['deployer.*', 'monitor.host'], limit: 3 }),
  step(security.rotate),
  step(security.rollback, (answered) => ({
    digest: (answered(builder.build)['artifacts'] as { digest: string }[])[0]?.digest,
  })),
];

/** What only a control plane with identities answers. */
export const withIdentities = (): Step[] => [
  step(security.invite),
  step(security.enrol, (answered) => ({
    token: answered(security.invite)['token'],
    publicKey: createUser().getPublicKey(),
  })),
  step(security.identities),
  step(security.revoke),
];
