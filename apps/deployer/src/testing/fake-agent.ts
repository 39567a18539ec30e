// SPDX-License-Identifier: Apache-2.0
import type { StateBucket } from '@l45/bus';
import type {
  AgentProblem,
  DesiredState,
  ObservedInstance,
  ObservedState,
  Target,
} from '@l45/contracts';

export const TARGET: Target = { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' };

export interface FakeBuckets {
  desired: StateBucket<DesiredState>;
  observed: StateBucket<ObservedState>;
}

const NOTHING_YET = {
  egressMessages: '0',
  egressBytesIn: '0',
  egressBytesOut: '0',
  ingressMessages: '0',
  ingressBytesIn: '0',
  ingressBytesOut: '0',
  inserted: '0',
  removed: '0',
  passed: '0',
  dropped: '0',
  errors: '0',
  observed: '0',
  attached: '0',
};

/** An agent without a kernel: what is desired is observed at once, through the real buckets. */
export class FakeAgent {
  /** Each desired state that was applied, in order. */
  readonly applied: DesiredState[] = [];
  /** Whether what is desired is applied, or refused. */
  willing = true;
  problems: AgentProblem[] = [];
  labels: Record<string, string> = {};
  /** Attached to each instance. */
  sockets = 0;
  /** What the kernel has. */
  instances: ObservedInstance[] = [];
  #revision = 0;
  #session?: { stop: AbortController; done: Promise<void> };

  constructor(
    readonly host: string,
    private readonly buckets: FakeBuckets,
    public target: Target = TARGET,
  ) {}

  async start(): Promise<this> {
    await this.report();
    const stop = new AbortController();
    this.#session = { stop, done: this.#follow(stop.signal) };
    return this;
  }

  /** The process ends; the kernel keeps what it has. */
  async stop(): Promise<void> {
    this.#session?.stop.abort();
    await this.#session?.done;
  }

  /** The kernel comes back empty, perhaps as another one. */
  async reboot(kernelRelease = this.target.kernelRelease): Promise<void> {
    await this.stop();
    this.target = { ...this.target, kernelRelease };
    this.instances = [];
    this.#revision = 0;
    await this.start();
  }

  async report(): Promise<void> {
    await this.buckets.observed.put(this.host, {
      host: this.host,
      target: this.target,
      bootId: 'boot',
      agentVersion: '0.1.0',
      labels: this.labels,
      desiredRevision: this.#revision,
      customizations: [],
      instances: this.instances,
      problems: this.problems,
      at: new Date().toISOString(),
    });
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const change of this.buckets.desired.watch(this.host, signal)) {
      if (change.kind !== 'put' || change.value.revision <= this.#revision) continue;
      await this.#apply(change.value);
    }
  }

  async #apply(state: DesiredState): Promise<void> {
    this.applied.push(state);
    this.#revision = state.revision;
    if (this.willing)
      this.instances = state.instances.map((one) => ({
        ...observedAs(one),
        sockets: this.sockets,
      }));
    this.problems = this.willing
      ? []
      : state.instances.map(({ id }) => ({ subject: id, name: 'KERNEL', message: 'EBUSY: no' }));
    // A server that restarts takes no reports; the next one is as good.
    await this.report().catch(() => undefined);
  }
}

const observedAs = ({
  id,
  deployment,
  customization,
  role,
  priority,
  mode,
  directions,
  deprecated,
}: DesiredState['instances'][number]): ObservedInstance => ({
  id,
  deployment,
  customization,
  role,
  priority,
  mode,
  directions,
  deprecated,
  sockets: 0,
  lastUsed: '0',
  counters: NOTHING_YET,
});
