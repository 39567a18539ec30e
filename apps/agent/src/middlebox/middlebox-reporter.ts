// SPDX-License-Identifier: Apache-2.0
import { Buckets, VERSION } from '@l45/bus';
import { HEARTBEAT_MS, type MiddleboxObservedState } from '@l45/contracts';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Coalesced } from '../coalesced.js';
import { Applications } from './applications.js';
import { InverseLoader } from './inverse-loader.js';
import { MiddleboxConfig } from './middlebox.config.js';

const RETRY_MS = 500;
/** Applications may be seen with every packet. */
const GATHER_MS = 200;

/** Writes the observed state: at the start, on every change, and as heartbeat. */
@Injectable()
export class MiddleboxReporter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(MiddleboxReporter.name);
  private readonly work = new Coalesced(() => this.report());
  private heartbeat?: NodeJS.Timeout;
  private soon?: NodeJS.Timeout;
  private failure = '';

  constructor(
    @Inject(MiddleboxConfig) private readonly config: MiddleboxConfig,
    @Inject(Buckets) private readonly buckets: Buckets,
    @Inject(InverseLoader) private readonly loader: InverseLoader,
    @Inject(Applications) private readonly applications: Applications,
  ) {}

  onApplicationBootstrap(): void {
    this.loader.events.on('progress', () => this.work.request());
    this.applications.events.on('seen', () => this.requestIn(GATHER_MS));
    this.heartbeat = setInterval(() => this.work.request(), HEARTBEAT_MS);
    this.work.request();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.heartbeat);
    await this.work.idle();
    clearTimeout(this.soon);
  }

  private requestIn(ms: number): void {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.work.request();
    }, ms);
  }

  private async report(): Promise<void> {
    try {
      await this.buckets.middleboxObserved.put(this.config.L45_HOST, this.state());
      this.failure = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.failure) this.logger.warn(`cannot report, trying again: ${message}`);
      this.failure = message;
      this.requestIn(RETRY_MS);
    }
  }

  private state(): MiddleboxObservedState {
    const { revision, assignments, problems } = this.loader.progress;
    return {
      middlebox: this.config.L45_HOST,
      agentVersion: VERSION,
      desiredRevision: revision,
      assignments,
      problems,
      applications: this.applications.list(),
      at: new Date().toISOString(),
    };
  }
}
