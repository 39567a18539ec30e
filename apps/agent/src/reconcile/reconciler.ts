// SPDX-License-Identifier: Apache-2.0
import { Buckets, Loop, type StateChange, validated } from '@l45/bus';
import { type AgentProblem, DesiredState, HEARTBEAT_MS, L45Error } from '@l45/contracts';
import { counter, currentTraceparent, inSpan, markFailed, withTraceparent } from '@l45/telemetry';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { AgentConfig } from '../agent.config.js';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import { KernelGateway } from '../kernel/kernel.gateway.js';
import { ModuleLoader } from './module-loader.js';
import { problemOf } from './problems.js';
import { type Reconciled, Reconciliation } from './reconciliation.js';

/** Time until the first retry; it doubles up to a longest. */
export const RETRY = Symbol('RETRY');
export interface RetryTimes {
  firstMs: number;
  longestMs: number;
}

/** Until it is tried again; or until a look whether all still is as it should be. */
export const pauseAfter = (failures: number, { firstMs, longestMs }: RetryTimes): number =>
  failures === 0 ? HEARTBEAT_MS : Math.min(firstMs * 2 ** (failures - 1), longestMs);

type Pass = Reconciled & Pick<Progress, 'traceparent'>;

/** How far this host has got. */
export interface Progress {
  /** Revision that was applied last, wholly or with problems; 0: none yet. */
  revision: number;
  problems: AgentProblem[];
  /** Of the pass that got it there. */
  traceparent?: string;
}

/**
 * Keeps the kernel as the newest desired state has it. A state that is deleted is no state: the
 * kernel stays as it is until there is one again.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  /** Tells when `progress` is another one, or the kernel has changed under the same. */
  readonly events = new EventEmitter<{ progress: [] }>();

  private readonly logger = new Logger(Reconciler.name);
  private readonly stopped = new AbortController();
  private readonly loop = new Loop(Reconciler.name, () => this.reconcile());
  private readonly errors = counter('l45.agent.errors', 'Steps that failed, by kind');
  private desired?: DesiredState;
  /** Whether the kernel has been seen to be as desired. */
  private isReached = false;
  private applied: Progress = { revision: 0, problems: [] };
  private refusal?: AgentProblem;
  private superseded = new AbortController();
  private failures = 0;
  private timer?: NodeJS.Timeout;

  constructor(
    @Inject(AgentConfig) private readonly config: AgentConfig,
    @Inject(Buckets) private readonly buckets: Buckets,
    @Inject(KernelGateway) private readonly kernel: KernelGateway,
    @Inject(ModuleLoader) private readonly modules: ModuleLoader,
    @Inject(ArtifactCache) private readonly cache: ArtifactCache,
    @Inject(RETRY) private readonly retry: RetryTimes,
  ) {}

  get progress(): Progress {
    const { applied, refusal } = this;
    return refusal ? { ...applied, problems: [...applied.problems, refusal] } : applied;
  }

  onApplicationBootstrap(): void {
    this.kernel.onChange(() => this.loop.trigger());
    void this.follow();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped.abort();
    this.superseded.abort();
    await this.loop.stop();
    clearTimeout(this.timer);
  }

  private async follow(): Promise<void> {
    const { L45_HOST } = this.config;
    for await (const change of this.buckets.desired.watch(L45_HOST, this.stopped.signal)) {
      await this.take(change).catch((error: unknown) => this.refuse(error));
    }
  }

  private async take(change: StateChange<DesiredState>): Promise<void> {
    if (change.kind === 'current') return;
    if (change.kind === 'deleted') {
      return this.logger.warn('the desired state was deleted: the kernel stays as it is');
    }
    if (change.kind === 'invalid') {
      throw new L45Error('VALIDATION', `this is not the desired state of ${change.key}`);
    }
    const desired = await validated(DesiredState, change.value);
    this.refusal = undefined;
    // Told again, after an interruption.
    if (isDeepStrictEqual(desired, this.desired)) return this.loop.trigger();
    this.desired = desired;
    this.isReached = false;
    this.failures = 0;
    this.superseded.abort();
    this.loop.trigger();
  }

  /** Better the state before than one that is not understood. */
  private refuse(error: unknown): void {
    this.refusal = problemOf(this.config.L45_HOST, error);
    this.logger.error(`desired state refused: ${this.refusal.message}`);
    this.events.emit('progress');
  }

  private async reconcile(): Promise<void> {
    const { desired } = this;
    clearTimeout(this.timer);
    if (!desired) return;
    const superseded = (this.superseded = new AbortController());
    const pass = await this.pass(desired, superseded.signal);
    if (superseded.signal.aborted) return;
    for (const { name } of pass.problems) {
      this.errors.add(1, { 'l45.host': desired.host, 'error.type': name });
    }
    this.report(desired, pass);
    this.timer = setTimeout(() => this.loop.trigger(), pauseAfter(this.failures, this.retry));
  }

  /** Traced until the state is reached; looking whether it still is belongs to no command. */
  private pass(desired: DesiredState, signal: AbortSignal): Promise<Pass> {
    const attributes = { 'l45.host': desired.host, 'l45.revision': desired.revision };
    return withTraceparent(this.isReached ? undefined : desired.traceparent, () =>
      inSpan('agent reconcile', attributes, async () => {
        const reconciled = await this.attempt(desired, signal);
        const [first] = reconciled.problems;
        if (first && !signal.aborted) markFailed(first);
        return { ...reconciled, traceparent: currentTraceparent() };
      }),
    );
  }

  private async attempt(desired: DesiredState, signal: AbortSignal): Promise<Reconciled> {
    try {
      return await new Reconciliation(this.kernel, this.modules, desired, signal).run();
    } catch (error) {
      return { problems: [problemOf(desired.host, error)], changed: true };
    }
  }

  private report(
    { revision, artifacts }: DesiredState,
    { problems, changed, traceparent }: Pass,
  ): void {
    const isReached = problems.length === 0;
    this.failures = isReached ? 0 : this.failures + 1;
    if (isReached && !this.isReached) {
      this.logger.log(`revision ${revision} applied`);
      this.cache.keepOnly(artifacts).catch((error: unknown) => this.logger.warn(error));
    }
    this.isReached = isReached;
    const before = { revision: this.applied.revision, problems: this.applied.problems };
    const isOther = !isDeepStrictEqual({ revision, problems }, before);
    if (!isOther && !changed) return;
    if (isOther)
      for (const { subject, message } of problems) this.logger.warn(`${subject}: ${message}`);
    this.applied = { revision, problems, traceparent };
    this.events.emit('progress');
  }
}
