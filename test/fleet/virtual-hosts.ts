// SPDX-License-Identifier: Apache-2.0
import { type GuestProcess, MACHINE_ADDRESS, Testbed, type VirtualHost } from '@l45/testbed';
import { waitFor } from '../wait.js';
import { dnsmasqArguments } from './dns.js';

export const HOSTS = {
  client: ['10.45.0.1/24', 'fd45::1/64'],
  'dns-server': ['10.45.0.2/24', 'fd45::2/64'],
} as const;
export type HostName = keyof typeof HOSTS;

const AGENT_USER = '65532';
const CAPABILITIES = '-all,+sys_module,+net_admin';

/** What apps/agent/debian/layer45-agent.service leaves to an agent. */
const LEAST_PRIVILEGE = [
  `--reuid=${AGENT_USER}`,
  `--regid=${AGENT_USER}`,
  '--clear-groups',
  '--no-new-privs',
  `--inh-caps=${CAPABILITIES}`,
  `--ambient-caps=${CAPABILITIES}`,
  `--bounding-set=${CAPABILITIES}`,
];

export interface Booted {
  testbed: Testbed;
  hosts: Readonly<Record<HostName, VirtualHost>>;
}

/** Two virtual hosts with an agent each, of whatever control plane; one of them serves DNS. */
export class VirtualHosts {
  readonly testbed: Testbed;
  readonly hosts: Booted['hosts'];
  private readonly agents = new Map<HostName, GuestProcess>();

  constructor(
    { testbed, hosts }: Booted,
    private readonly natsUrl: string,
  ) {
    this.testbed = testbed;
    this.hosts = hosts;
  }

  /** `folder` keeps consoles and the capture; else they go with the hosts. */
  static async boot({ folder }: { folder?: string } = {}): Promise<Booted> {
    const testbed = await Testbed.create({ capture: true, folder });
    const [client, dnsServer] = await Promise.all([
      testbed.startHost({ name: 'client', addresses: HOSTS.client }),
      testbed.startHost({ name: 'dns-server', addresses: HOSTS['dns-server'] }),
    ]);
    return { testbed, hosts: { client, 'dns-server': dnsServer } };
  }

  async startDnsServer(): Promise<void> {
    const host = this.hosts['dns-server'];
    await host.spawn('dnsmasq', dnsmasqArguments);
    await waitFor('dnsmasq to listen', async () => {
      const listening = await host.sh('ss -Hlnu sport = :53; ss -Hlnt sport = :53');
      return listening.includes('0.0.0.0:53') && listening.includes('[::]:53');
    });
  }

  async startAgent(name: HostName): Promise<void> {
    const port = new URL(this.natsUrl).port;
    await this.hosts[name].sh(`install -d -o ${AGENT_USER} -m 700 /var/lib/layer45`);
    const main = `${process.cwd()}/dist/agent/main.js`;
    const agent = await this.hosts[name].spawn('setpriv', [...LEAST_PRIVILEGE, 'node', main], {
      env: { NATS_URL: `nats://${MACHINE_ADDRESS}:${port}`, L45_HOST: name },
    });
    this.agents.set(name, agent);
  }

  /** As `kill -9` does; the kernel keeps what it has. */
  async killAgent(name: HostName): Promise<void> {
    const agent = this.agents.get(name);
    agent?.kill('SIGKILL');
    await agent?.wait();
  }

  /** What an agent printed so far. */
  agentLog(name: HostName): string {
    const agent = this.agents.get(name);
    return agent ? agent.stdout() + agent.stderr() : '';
  }
}
