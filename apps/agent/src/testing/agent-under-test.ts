// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, StateBucket } from '@l45/bus';
import { createTestService, type NatsServer, reconnected, startNats } from '@l45/bus/testing';
import {
  type AgentFlowsReply,
  type AgentFlowsRequest,
  agentSubject,
  type AgentStatus,
  DESIRED_BUCKET,
  type DesiredState,
  ENDPOINTS,
  OBSERVED_BUCKET,
  type ObservedState,
} from '@l45/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentModule } from '../agent.module.js';
import { KernelGateway } from '../kernel/kernel.gateway.js';
import { RETRY } from '../reconcile/reconciler.js';
import { HOST } from './desired.js';
import { FakeKernel } from './fake-kernel.js';
import { serverConfig } from './permissions.js';
import { SIGNER } from './signer.js';

const PATIENCE_MS = 45_000;

/** One agent with a fake kernel, and the control plane's side of a real NATS server. */
export class AgentUnderTest {
  /** Absent: the agent has to ask. */
  trustedKeys?: string = JSON.stringify({ keys: [SIGNER.key] });
  /** Socket of who loads modules; absent: the agent does. */
  loader?: string;
  private stopAgent?: () => Promise<void>;

  private constructor(
    readonly nats: NatsServer,
    readonly folder: string,
    private readonly control: NatsConnection,
    readonly kernel: FakeKernel,
  ) {}

  static async create(kernel = new FakeKernel()): Promise<AgentUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), 'l45-agent-'));
    const config = join(folder, 'nats.conf');
    await writeFile(config, serverConfig(HOST));
    const nats = await startNats({ config });
    const user = { user: 'control', pass: 'control' };
    const control = await connect({ servers: nats.url, maxReconnectAttempts: -1, ...user });
    return new AgentUnderTest(nats, folder, control, kernel);
  }

  get desired(): StateBucket<DesiredState> {
    return new StateBucket(this.control, DESIRED_BUCKET, { create: true });
  }

  get observed(): StateBucket<ObservedState> {
    return new StateBucket(this.control, OBSERVED_BUCKET, { create: true });
  }

  get artifacts(): ArtifactStore {
    return new ArtifactStore(this.control, { service: 'builder', description: 'stores artifacts' });
  }

  get connection(): NatsConnection {
    return this.control;
  }

  async start(): Promise<void> {
    const config = {
      L45_HOST: HOST,
      L45_STATE_DIR: this.folder,
      L45_TRUSTED_KEYS: this.trustedKeys,
      L45_LOADER: this.loader,
    };
    const { close } = await createTestService(
      { imports: [agentModule(config)] },
      {
        url: this.nats.url,
        customize: (builder) =>
          builder
            .overrideProvider(KernelGateway)
            .useValue(this.kernel)
            .overrideProvider(RETRY)
            .useValue({ firstMs: 20, longestMs: 200 }),
      },
    );
    this.stopAgent = close;
  }

  async stop(): Promise<void> {
    await this.stopAgent?.();
    this.stopAgent = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.control.close();
    await this.nats.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Resolves once the control plane is connected again. */
  async crashNats(): Promise<void> {
    const back = reconnected(this.control);
    await this.nats.kill();
    await this.nats.restart();
    await back;
  }

  want(state: DesiredState): Promise<number> {
    return this.desired.put(state.host, state);
  }

  /** The first report, of those from now on, for which the condition holds. */
  async reported(holds: (state: ObservedState) => boolean = () => true): Promise<ObservedState> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    let last: ObservedState | undefined;
    for await (const change of this.observed.watch(HOST, signal)) {
      if (change.kind !== 'put') continue;
      last = change.value;
      if (holds(last)) return last;
    }
    throw new Error(`no such report; the last one: ${JSON.stringify(last, undefined, 2)}`);
  }

  applied(revision: number): Promise<ObservedState> {
    return this.reported(
      ({ desiredRevision, problems }) => desiredRevision === revision && problems.length === 0,
    );
  }

  async status(): Promise<AgentStatus> {
    return (await this.control.request(agentSubject(ENDPOINTS.agent.status, HOST))).json();
  }

  async flows(request: AgentFlowsRequest): Promise<AgentFlowsReply> {
    const subject = agentSubject(ENDPOINTS.agent.flows, HOST);
    return (await this.control.request(subject, JSON.stringify(request))).json();
  }
}
