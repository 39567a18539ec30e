// SPDX-License-Identifier: Apache-2.0
import { createTestService, type TestService } from '@l45/bus/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentModule } from '../../../agent/src/agent.module.js';
import { resolveInstance } from '../../../agent/src/kernel/desired-instance.js';
import { KernelGateway } from '../../../agent/src/kernel/kernel.gateway.js';
import { desiredInstance } from '../../../agent/src/testing/desired.js';
import { fakeModule, FakeKernel } from '../../../agent/src/testing/fake-kernel.js';

/** The real agent above a fake kernel in which an instance runs. */
export class ChallengedHost {
  #agent?: TestService;

  private constructor(
    readonly name: string,
    private readonly url: string,
    private readonly folder: string,
    readonly kernel: FakeKernel,
    readonly instance: string,
  ) {}

  static async start(
    url: string,
    name: string,
    deployment: string,
    kernel = new FakeKernel(),
  ): Promise<ChallengedHost> {
    const folder = await mkdtemp(join(tmpdir(), 'l45-challenged-'));
    for (const module of ['l45', 'dns_tag']) {
      const file = join(folder, `${module}.ko`);
      await writeFile(file, fakeModule(module, '1'));
      await kernel.loadModule(module, file);
    }
    const instance = resolveInstance(desiredInstance({ deployment }));
    await kernel.newInstance(instance);
    const host = new ChallengedHost(name, url, folder, kernel, instance.id);
    await host.startAgent();
    return host;
  }

  async startAgent(): Promise<void> {
    const config = { L45_HOST: this.name, L45_STATE_DIR: this.folder };
    this.#agent = await createTestService(
      { imports: [agentModule(config)] },
      {
        url: this.url,
        customize: (module) => module.overrideProvider(KernelGateway).useValue(this.kernel),
      },
    );
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.close();
    this.#agent = undefined;
  }

  async stop(): Promise<void> {
    await this.stopAgent();
    await rm(this.folder, { recursive: true });
  }
}
