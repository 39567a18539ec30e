// SPDX-License-Identifier: Apache-2.0
import { Buckets } from '@l45/bus';
import { HEARTBEAT_MS, L45Error, type ObservedState } from '@l45/contracts';
import { currentTraceparent, inSpan, withTraceparent } from '@l45/telemetry';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Coalesced } from '../coalesced.js';
import { KernelGateway } from '../kernel/kernel.gateway.js';
import { Reconciler } from '../reconcile/reconciler.js';
import { Observer } from './observer.js';

const RETRY_MS = 500;
/** Conflicts in a row that can no longer come from a bucket that was wiped. */
const TWO_AGENTS = 2;

/** Writes the observed state: at the start, on every change, and as heartbeat. */
@Injectable()
export class Reporter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Reporter.name);
  private readonly work = new Coalesced(() => this.report());
  private heartbeat?: NodeJS.Timeout;
  private retry?: NodeJS.Timeout;
  private failure = '';
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
    this.kernel.onChange(() => this.work.request());
    this.reconciler.events.on('progress', () => this.work.request());
    this.heartbeat = setInterval(() => this.work.request(), HEARTBEAT_MS);
    this.work.request();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.work.idle();
    clearTimeout(this.retry);
  }

  private async report(): Promise<void> {
    try {
      await this.tell(await this.observer.observe());
      if (this.failure) this.logger.log('reporting again');
      this.failure = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.failure) this.logger.warn(`cannot report, trying again: ${message}`);
      this.failure = message;
      this.retry = setTimeout(() => this.work.request(), RETRY_MS);
    }
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
