// SPDX-License-Identifier: Apache-2.0
import { createTestService, type TestService } from '@l45/bus/testing';
import type { AgentRole } from '@l45/contracts';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { agentModule } from '../../apps/agent/src/agent.module.js';
import { enrol } from '../../apps/agent/src/enrol/enrol.js';
import { KernelGateway } from '../../apps/agent/src/kernel/kernel.gateway.js';
import { middleboxModule } from '../../apps/agent/src/middlebox/middlebox.module.js';
import { FakeKernel } from '../../apps/agent/src/testing/fake-kernel.js';

/** An agent as it is shipped, with an identity of its own, above a kernel in memory. */
export class SimulatedAgent {
  readonly creds: string;
  readonly folder: string;
  readonly kernel = new FakeKernel();
  #service?: TestService;

  constructor(
    readonly host: string,
    readonly role: AgentRole,
    private readonly url: string,
    folder: string,
  ) {
    this.folder = join(folder, host);
    this.creds = join(this.folder, 'nats.creds');
  }

  /** As main.ts does. */
  async enrol(token: string, creds?: string): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await enrol(
      {
        NATS_URL: this.url,
        LOG_LEVEL: 'silent',
        NATS_CREDS: this.creds,
        L45_ENROL_TOKEN: token,
        L45_ENROL_CREDS: creds,
      },
      { host: this.host, role: this.role },
    );
  }

  async start(): Promise<void> {
    const config = { L45_HOST: this.host, L45_STATE_DIR: this.folder };
    const module =
      this.role === 'host'
        ? agentModule(config)
        : middleboxModule({ ...config, L45_WIRESHARK_PLUGINS: join(this.folder, 'plugins') });
    this.#service = await createTestService(
      { imports: [module] },
      {
        url: this.url,
        creds: this.creds,
        customize: (builder) => builder.overrideProvider(KernelGateway).useValue(this.kernel),
      },
    );
  }

  async stop(): Promise<void> {
    await this.#service?.close();
    this.#service = undefined;
  }
}
