// SPDX-License-Identifier: Apache-2.0
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { CibConfig, MasterKeyConfig } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { randomBytes } from 'node:crypto';
import { SecurityModule } from '../security.module.js';

/** Any number of security services with a real NATS server and a real Postgres. */
export class Laboratory {
  readonly #services: TestService[] = [];
  readonly #masterKey = randomBytes(32).toString('hex');

  private constructor(
    readonly nats: NatsServer,
    readonly postgres: PostgresServer,
  ) {}

  static async open(): Promise<Laboratory> {
    const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    return new Laboratory(nats, postgres);
  }

  async security(masterKey = this.#masterKey): Promise<TestService> {
    const service = await createTestService(
      { imports: [SecurityModule] },
      {
        url: this.nats.url,
        customize: (module) =>
          module
            .overrideProvider(CibConfig)
            .useValue({ DATABASE_URL: this.postgres.url })
            .overrideProvider(MasterKeyConfig)
            .useValue({ L45_MASTER_KEY: masterKey }),
      },
    );
    this.#services.push(service);
    return service;
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.close()));
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
  }
}
