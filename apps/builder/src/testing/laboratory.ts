// SPDX-License-Identifier: Apache-2.0
import { loadConfig } from '@l45/bus';
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { CibConfig } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { BuilderConfig } from '../builder.config.js';
import { BuilderModule } from '../builder.module.js';
import { FakeSecurity } from './fake-security.js';

/** Any number of builders with a real NATS server, a real Postgres, and somebody who signs. */
export class Laboratory {
  readonly #builders: TestService[] = [];

  private constructor(
    readonly nats: NatsServer,
    private readonly postgres: PostgresServer,
    private readonly security: TestService,
  ) {}

  static async open(): Promise<Laboratory> {
    const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    const security = await createTestService(
      { controllers: [FakeSecurity] },
      { url: nats.url, service: 'security' },
    );
    return new Laboratory(nats, postgres, security);
  }

  async builder(config: Partial<BuilderConfig> = {}): Promise<TestService> {
    const builder = await createTestService(
      { imports: [BuilderModule] },
      {
        url: this.nats.url,
        customize: (module) =>
          module
            .overrideProvider(CibConfig)
            .useValue({ DATABASE_URL: this.postgres.url })
            .overrideProvider(BuilderConfig)
            .useValue({ ...loadConfig(BuilderConfig), ...config }),
      },
    );
    this.#builders.push(builder);
    return builder;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#builders, this.security].map((service) => service.close()));
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
  }
}
