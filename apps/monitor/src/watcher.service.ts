// SPDX-License-Identifier: Apache-2.0
import { Buckets, EventPublisher } from '@l45/bus';
import { type ObservedState, OFFLINE_AFTER_MS } from '@l45/contracts';
import { inSpan, withTraceparent } from '@l45/telemetry';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { HostsRepository } from './storage/hosts.repository.js';

const CHECK_MS = 1_000;

/** Stores what hosts report, and says so when one comes online or has been silent for too long. */
@Injectable()
export class Watcher implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(Watcher.name);
  readonly #stop = new AbortController();
  #running: Promise<void>[] = [];

  constructor(
    private readonly buckets: Buckets,
    private readonly repository: HostsRepository,
    private readonly events: EventPublisher,
  ) {}

  onApplicationBootstrap(): void {
    this.#running = [this.#storeReports(), this.#checkLiveness()];
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #storeReports(): Promise<void> {
    for await (const change of this.buckets.observed.watch('>', this.#stop.signal)) {
      if (change.kind === 'put') await this.#attempt(() => this.#store(change.value, change.at));
    }
  }

  async #store(report: ObservedState, at: Date): Promise<void> {
    const { host, desiredRevision, traceparent } = report;
    const attributes = { 'l45.host': host, 'l45.revision': desiredRevision };
    const offline = await withTraceparent(traceparent, () =>
      inSpan('observed store', attributes, () => this.repository.store(report, at)),
    );
    if (offline) await this.#settle();
  }

  async #checkLiveness(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#attempt(() => this.#settle());
      await delay(CHECK_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  async #settle(): Promise<void> {
    const changed = await this.repository.settle(new Date(Date.now() - OFFLINE_AFTER_MS));
    for (const event of changed) await this.events.publish('monitor.host', event);
  }

  /** The next report, or check, is as good. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => this.#logger.warn(String(error)));
  }
}
