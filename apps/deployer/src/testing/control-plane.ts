// SPDX-License-Identifier: Apache-2.0
import { Buckets } from '@l45/bus';
import {
  createTestService,
  eventually as tried,
  type NatsServer,
  startNats,
  type TestService,
} from '@l45/bus/testing';
import { CibConfig } from '@l45/cib';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import {
  type Deployment,
  type DeploymentRequest,
  type DeployRequest,
  ENDPOINTS,
  type EndpointContract,
  type Target,
} from '@l45/contracts';
import type { NatsConnection } from '@nats-io/transport-node';
import { DeployerModule } from '../deployer.module.js';
import { FakeAgent, type FakeBuckets } from './fake-agent.js';
import { FakeBuilder } from './fake-builder.js';
import { FakeSecurity } from './fake-security.js';

const { client, server } = ENDPOINTS.deployer.deploy.example.ends;

/** A deployment on the hosts `client` and `dns-server`. */
export const TAG_DNS: DeployRequest = {
  name: 'tag-dns',
  customization: 'dns_tag',
  ends: { client, server },
  wait: 10,
};

/** Deployers on a real NATS server and a real Postgres, a fake builder, and fake agents. */
export class ControlPlane {
  readonly agents = new Map<string, FakeAgent>();
  readonly deployers: TestService[] = [];

  private constructor(
    readonly nats: NatsServer,
    readonly postgres: PostgresServer,
    private readonly builderService: TestService,
    readonly builder: FakeBuilder,
    readonly security: FakeSecurity,
    readonly buckets: FakeBuckets,
  ) {}

  static async start(): Promise<ControlPlane> {
    const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
    const service = await createTestService(
      { controllers: [FakeBuilder, FakeSecurity] },
      { url: nats.url, service: 'builder' },
    );
    const { app } = service;
    return new ControlPlane(
      nats,
      postgres,
      service,
      app.get(FakeBuilder),
      app.get(FakeSecurity),
      app.get(Buckets),
    );
  }

  get connection(): NatsConnection {
    return this.builderService.connection;
  }

  async startDeployer(): Promise<TestService> {
    const deployer = await createTestService(
      { imports: [DeployerModule] },
      {
        url: this.nats.url,
        customize: (builder) =>
          builder.overrideProvider(CibConfig).useValue({ DATABASE_URL: this.postgres.url }),
      },
    );
    this.deployers.push(deployer);
    return deployer;
  }

  /** Ends a deployer; others, or its successor, go on. */
  async stopDeployer(deployer: TestService): Promise<void> {
    this.deployers.splice(this.deployers.indexOf(deployer), 1);
    await deployer.close();
  }

  async startAgent(host: string, target?: Target): Promise<FakeAgent> {
    const agent = await new FakeAgent(host, this.buckets, target).start();
    this.agents.set(host, agent);
    return agent;
  }

  agent(host: string): FakeAgent {
    const agent = this.agents.get(host);
    if (!agent) throw new Error(`no agent of ${host}`);
    return agent;
  }

  ask<Request extends object, Reply>(
    contract: EndpointContract<Request, Reply>,
    request: Request,
  ): Promise<Reply> {
    return this.builderService.client.request(contract, request);
  }

  deploy(request: Partial<DeployRequest> = {}): Promise<Deployment> {
    return this.ask(ENDPOINTS.deployer.deploy, { ...TAG_DNS, ...request });
  }

  revoke(request: Partial<DeploymentRequest> = {}): Promise<Deployment> {
    return this.ask(ENDPOINTS.deployer.revoke, { name: TAG_DNS.name, wait: 10, ...request });
  }

  async status(name = TAG_DNS.name): Promise<Deployment> {
    const { deployments } = await this.ask(ENDPOINTS.deployer.status, { name });
    const [deployment] = deployments;
    if (!deployment) throw new Error(`no deployment ${name}`);
    return deployment;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.agents.values()].map((agent) => agent.stop()));
    await Promise.all(this.deployers.map((deployer) => deployer.close()));
    await this.builderService.close();
    await Promise.all([this.nats.stop(), this.postgres.stop()]);
  }
}

/** Asks until the answer is as expected; fails with the last assertion that did not hold. */
export const eventually = <T>(
  ask: () => Promise<T> | T,
  check: (answer: T) => void,
  timeoutMs = 10_000,
): Promise<T> =>
  tried(async () => {
    const answer = await ask();
    check(answer);
    return answer;
  }, timeoutMs);
