// SPDX-License-Identifier: Apache-2.0
import { Buckets, Loop, VERSION } from '@l45/bus';
import { HEARTBEAT_MS, type MiddleboxObservedState } from '@l45/contracts';
import {
  Inject,
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Applications } from './applications.js';
import { InverseLoader } from './inverse-loader.js';
import { MiddleboxConfig } from './middlebox.config.js';

/** Applications may be seen with every packet. */
const GATHER_MS = 200;

/** Writes the observed state: at the start, on every change, and as heartbeat. */
@Injectable()
export class MiddleboxReporter implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly loop = new Loop(MiddleboxReporter.name, () => this.report());
  private heartbeat?: NodeJS.Timeout;
  private soon?: NodeJS.Timeout;

  constructor(
    @Inject(MiddleboxConfig) private readonly config: MiddleboxConfig,
    @Inject(Buckets) private readonly buckets: Buckets,
    @Inject(InverseLoader) private readonly loader: InverseLoader,
    @Inject(Applications) private readonly applications: Applications,
  ) {}

  onApplicationBootstrap(): void {
    this.loader.events.on('progress', () => this.loop.trigger());
    this.applications.events.on('seen', () => this.gather());
    this.heartbeat = setInterval(() => this.loop.trigger(), HEARTBEAT_MS);
    this.loop.trigger();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.heartbeat);
    clearTimeout(this.soon);
    await this.loop.stop();
  }

  private gather(): void {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      this.loop.trigger();
    }, GATHER_MS);
  }

  private async report(): Promise<void> {
    await this.buckets.middleboxObserved.put(this.config.L45_HOST, this.state());
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
