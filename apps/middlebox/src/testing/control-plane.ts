// SPDX-License-Identifier: Apache-2.0
import { Buckets, Bus } from '@l45/bus';
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import { CibConfig } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import {
  type Customization,
  type CustomizationsReply,
  type DesiredInstance,
  Empty,
  ENDPOINTS,
  type InverseModule,
  InverseRequest,
  L45Error,
  type MiddleboxObservedState,
  StatusRequest,
  type StatusReply,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { MiddleboxModule } from '../middlebox.module.js';

export const TAG_DNS = '6f1c8a0e-0000-4000-8000-000000000001';
export const LIMIT = '6f1c8a0e-0000-4000-8000-000000000002';

const customization = (
  name: string,
  signature: 'mark' | 'none',
  types: string[],
): Customization => ({
  name,
  version: '1.0.0',
  summary: 'Under test',
  protocol: ['udp'],
  roles: ['client', 'server'],
  parameters: {},
  wire: { signature, adds: 32 },
  source: [`${name}.c`],
  inverse: types.map((type) => ({ type })),
  sourceDigest: '0'.repeat(64),
  origin: 'catalogue',
});

/** A builder and a deployer, as far as the middlebox service asks them. */
@Controller()
class FakeServices {
  /** Names of those that are not revoked, by identifier. */
  readonly deployments = new Map([
    [TAG_DNS, 'tag-dns'],
    [LIMIT, 'limit'],
  ]);

  @Bus(ENDPOINTS.builder.customizations)
  customizations(_request: Empty): CustomizationsReply {
    return {
      customizations: [
        customization('dns_tag', 'mark', ['pcap', 'wireshark']),
        customization('rate_limit', 'none', []),
      ],
    };
  }

  @Bus(ENDPOINTS.builder.inverse)
  inverse({ customization: name, type }: InverseRequest): InverseModule {
    if (name !== 'dns_tag') throw new L45Error('UNKNOWN_INVERSE', `${name} has no ${type}`);
    const files = [{ name: `${name}.${type}`, digest: '0'.repeat(64), size: 1 }];
    return { customization: name, type, files };
  }

  @Bus(ENDPOINTS.deployer.status)
  status(_request: StatusRequest): StatusReply {
    const deployments = [...this.deployments].map(([id, name]) => ({ id, name }));
    return { deployments } as StatusReply;
  }
}

export const instance = (fields: Partial<DesiredInstance> = {}): DesiredInstance => ({
  id: '6f1c8a0e-0000-4000-8000-00000000000a',
  deployment: TAG_DNS,
  customization: 'dns_tag',
  role: 'client',
  match: {
    local: { prefixes: ['10.45.0.0/24'] },
    remote: { prefixes: ['10.45.0.2/32'], ports: ['53'] },
  },
  params: { position: 'front' },
  priority: 100,
  mode: 'active',
  directions: ['ingress'],
  attach: 'immediate',
  deprecated: false,
  ...fields,
});

/** The service on a real NATS server and a real Postgres; hosts and middleboxes are keys. */
export class ControlPlane {
  #revision = 0;

  private constructor(
    readonly nats: NatsServer,
    readonly postgres: PostgresServer,
    private readonly fake: TestService,
    private readonly replica: TestService,
    readonly middlebox: TestService,
  ) {}

  static async start(): Promise<ControlPlane> {
    const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    const { url } = nats;
    const fake = await createTestService(
      { controllers: [FakeServices] },
      { url, service: 'builder' },
    );
    const startService = () =>
      createTestService(
        { imports: [MiddleboxModule] },
        {
          url,
          customize: (builder) =>
            builder.overrideProvider(CibConfig).useValue({ DATABASE_URL: postgres.url }),
        },
      );
    // Two replicas, to see that they don't get into each other's way.
    const [middlebox, replica] = await Promise.all([startService(), startService()]);
    return new ControlPlane(nats, postgres, fake, replica, middlebox);
  }

  get buckets(): Buckets {
    return this.fake.app.get(Buckets);
  }

  /** What the deployer says. */
  get deployments(): Map<string, string> {
    return this.fake.app.get(FakeServices).deployments;
  }

  get connection(): NatsConnection {
    return this.fake.connection;
  }

  async host(name: string, instances: DesiredInstance[]): Promise<void> {
    const revision = ++this.#revision;
    await this.buckets.desired.put(name, { host: name, revision, artifacts: [], instances });
  }

  async report(fields: Partial<MiddleboxObservedState>): Promise<void> {
    await this.buckets.middleboxObserved.put(fields.middlebox ?? 'tap', {
      middlebox: 'tap',
      agentVersion: '0.1.0',
      desiredRevision: 1,
      assignments: [],
      problems: [],
      applications: [],
      at: new Date().toISOString(),
      ...fields,
    });
  }

  async stop(): Promise<void> {
    const services = [this.middlebox, this.replica, this.fake];
    await Promise.all(services.map((service) => service.close()));
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
  }
}
