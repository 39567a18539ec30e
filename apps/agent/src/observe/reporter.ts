// SPDX-License-Identifier: Apache-2.0
import { Buckets, Loop } from '@l45/bus';
import { HEARTBEAT_MS, L45Error, type ObservedState } from '@l45/contracts';
import { currentTraceparent, inSpan, withTraceparent } from '@l45/telemetry';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { KernelGateway } from '../kernel/kernel.gateway.js';
import { Reconciler } from '../reconcile/reconciler.js';
import { Observer } from './observer.js';

/** Conflicts in a row that can no longer come from a bucket that was wiped. */
const TWO_AGENTS = 2;

/** Writes the observed state: at the start, on every change, and as heartbeat. */
@Injectable()
export class Reporter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Reporter.name);
  private readonly loop = new Loop(Reporter.name, () => this.report());
  private heartbeat?: NodeJS.Timeout;
  /** Of our last report; to notice somebody else's. */
  private revision?: number;
  private conflicts = 0;
  /** Of the pass that was told of last. */
  private traceparent?: string;

  constructor(
    @Inject(Buckets) private readonly buckets: Buckets,
    @Inject(KernelGateway) private readonly kernel: KernelGateway,
    @Inject(Reconciler) private readonly reconciler: Reconciler,
    @Inject(Observer) private readonly observer: Observer,
  ) {}

  onApplicationBootstrap(): void {
    this.kernel.onChange(() => this.loop.trigger());
    this.reconciler.events.on('progress', () => this.loop.trigger());
    this.heartbeat = setInterval(() => this.loop.trigger(), HEARTBEAT_MS);
    this.loop.trigger();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.loop.stop();
  }

  private async report(): Promise<void> {
    await this.tell(await this.observer.observe());
  }

  /** The first report after a pass belongs to its trace; what comes later is heartbeats. */
  private async tell(state: ObservedState): Promise<void> {
    const { traceparent } = this.reconciler.progress;
    const isNews = traceparent !== this.traceparent;
    const attributes = { 'l45.host': state.host, 'l45.revision': state.desiredRevision };
    this.revision = await withTraceparent(isNews ? traceparent : undefined, () =>
      inSpan('l45_observed put', attributes, () =>
        this.put({ ...state, traceparent: currentTraceparent() }),
      ),
    );
    this.traceparent = traceparent;
  }

  private async put(state: ObservedState): Promise<number> {
    try {
      const revision = await this.buckets.observed.put(state.host, state, this.revision);
      this.conflicts = 0;
      return revision;
    } catch (error) {
      if (!(error instanceof L45Error && error.name === 'CONFLICT')) throw error;
      this.conflicts++;
      if (this.conflicts === TWO_AGENTS) {
        this.logger.error(`another agent reports as ${state.host}: give one another L45_HOST`);
      }
      return this.buckets.observed.put(state.host, state);
    }
  }
}
