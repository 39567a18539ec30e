// SPDX-License-Identifier: Apache-2.0
import type { AgentStatus, Deployment, DeployRequest, HostsReply } from '@l45/contracts';
import { type Answer, Stack } from '../stack/index.js';
import { waitFor } from '../wait.js';
import { type Booted, type HostName, VirtualHosts } from './virtual-hosts.js';

/** An agent starts in four seconds on an idle machine; busy ones emulate slowly. */
const AGENT_START_MS = 120_000;

/** A build takes twenty seconds on an idle machine. */
const BUILD_MS = 300_000;

/** Twenty seconds on an idle machine, builds included; time-outs are for busy ones. */
export const START_MS = 400_000;

/** The deployment of the README: dig's queries to dnsmasq leave with a tag. */
export const TAG_DNS: DeployRequest = {
  name: 'tag-dns',
  customization: 'dns_tag',
  ends: {
    client: { hosts: ['client'], match: { applications: ['dig'], remote: { ports: ['53'] } } },
    server: {
      hosts: ['dns-server'],
      match: { applications: ['dnsmasq'], local: { ports: ['53'] } },
    },
  },
  wait: 30,
};

/** Every application that asks for a name says which it is. */
export const WHO_ASKS: DeployRequest = {
  ...TAG_DNS,
  name: 'who-asks',
  ends: {
    client: { hosts: ['client'], match: { remote: { ports: ['53'] } } },
    server: { hosts: ['dns-server'], match: { local: { ports: ['53'] } } },
  },
};

/** A control plane, and its virtual hosts. */
export class Fleet extends VirtualHosts {
  private constructor(
    booted: Booted,
    readonly stack: Stack,
  ) {
    super(booted, stack.nats.url);
  }

  /** `folder` keeps logs, consoles and the capture; else they go with the fleet. */
  static async start({ folder }: { folder?: string } = {}): Promise<Fleet> {
    const [stack, booted] = await Promise.all([
      Stack.start({ folder }),
      VirtualHosts.boot({ folder }),
    ]);
    const fleet = new Fleet(booted, stack);
    await Promise.all([
      fleet.build(),
      fleet.startAgent('client'),
      fleet.startAgent('dns-server'),
      fleet.startDnsServer(),
    ]);
    await Promise.all([fleet.known('client'), fleet.known('dns-server')]);
    return fleet;
  }

  /** Ahead of the first deployment, while the agents start. */
  private async build(): Promise<void> {
    const target = { kernelRelease: this.testbed.kernelRelease, arch: 'x86_64' };
    const request = { customization: TAG_DNS.customization, target };
    await this.stack.request('l45.builder.build', request, BUILD_MS);
  }

  /** Resolves once the monitor has heard of a host. */
  async known(name: HostName): Promise<void> {
    const online = async (): Promise<boolean | undefined> => {
      const { body } = await this.stack.request<HostsReply>('l45.monitor.hosts', { host: name });
      return body.hosts?.[0]?.online;
    };
    await waitFor(`${name} to report`, online, AGENT_START_MS).catch((error: Error) => {
      throw new Error(`${error.message}\n${this.agentLog(name)}`, { cause: error });
    });
  }

  /** Resolves once a restarted agent answers; what its predecessor was asked is lost. */
  async answers(name: HostName): Promise<void> {
    const ask = () => this.stack.request(`l45.agent.${name}.status`, '', 1_000).catch(() => false);
    await waitFor(`the agent of ${name} to answer`, ask, AGENT_START_MS);
  }

  async status(name: HostName): Promise<AgentStatus> {
    const { body } = await this.stack.request<AgentStatus>(`l45.agent.${name}.status`);
    return body;
  }

  deploy(request: DeployRequest = TAG_DNS): Promise<Answer<Deployment>> {
    const timeout = 60_000 + 1_000 * (request.wait ?? 0);
    return this.stack.request<Deployment>('l45.deployer.deploy', request, timeout);
  }

  revoke(name = TAG_DNS.name): Promise<Answer<Deployment>> {
    return this.stack.request<Deployment>('l45.deployer.revoke', { name, wait: 30 }, 60_000);
  }

  /** Revokes whatever a scenario left, so that the next one starts from nothing. */
  async clear(): Promise<void> {
    const { body } = await this.stack.request<{ deployments: Deployment[] }>('l45.deployer.status');
    for (const { name } of body.deployments) await this.revoke(name);
    this.testbed.capture.clear();
  }

  async stop(): Promise<void> {
    await Promise.all([this.stack.stop(), this.testbed.close()]);
  }
}
