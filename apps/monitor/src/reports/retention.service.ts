// SPDX-License-Identifier: Apache-2.0
import { Loop } from '@l45/bus';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { MonitorConfig } from '../monitor.config.js';
import { ReportsRepository } from '../storage/reports.repository.js';

const EVERY_MS = 60_000;
const DAY_MS = 86_400_000;

/** Forgets what is too old. */
@Injectable()
export class Retention implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(Retention.name, () => this.prune());
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly config: MonitorConfig,
    private readonly repository: ReportsRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#loop.trigger(), EVERY_MS);
    this.#loop.trigger();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#loop.stop();
  }

  prune(): Promise<void> {
    const kept = this.config.L45_RETENTION_DAYS * DAY_MS;
    return this.repository.prune(new Date(Date.now() - kept));
  }
}
