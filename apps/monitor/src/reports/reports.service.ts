// SPDX-License-Identifier: Apache-2.0
import { allOrEach, Loop } from '@l45/bus';
import { inSpan, withTraceparent } from '@l45/telemetry';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Fleet } from '../fleet.service.js';
import { Liveness } from '../liveness.service.js';
import { MonitorConfig } from '../monitor.config.js';
import { type Report, ReportsRepository } from '../storage/reports.repository.js';

/** So many reports fit well into one statement. */
const BATCH = 250;
/** A fleet that changes reports in a row. */
const REST_MS = 250;

/** Stores what hosts report: what comes while a batch is stored is the next one. */
@Injectable()
export class ReportsService implements OnModuleDestroy {
  readonly #logger = new Logger('Reports');
  readonly #loop = new Loop('Reports', () => this.#storeAll(), REST_MS);
  /** Hosts whose newest report is not stored yet, with the trace of the command that led to it. */
  readonly #fresh = new Map<string, string | undefined>();

  constructor(
    private readonly config: MonitorConfig,
    private readonly fleet: Fleet,
    private readonly repository: ReportsRepository,
    private readonly liveness: Liveness,
  ) {
    fleet.events.on('reported', (host) => {
      // Another report may have come since: the trace is in the first one only.
      const trace = fleet.observed.entries.get(host)?.value.traceparent;
      this.#fresh.set(host, this.#fresh.get(host) ?? trace);
      this.#loop.trigger();
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.#loop.stop();
  }

  async #storeAll(): Promise<void> {
    while (this.#fresh.size) await this.#store([...this.#fresh].slice(0, BATCH));
    this.liveness.check();
  }

  async #store(fresh: [host: string, traceparent: string | undefined][]): Promise<void> {
    for (const [host] of fresh) this.#fresh.delete(host);
    const reports = fresh.flatMap(([host]): Report[] => {
      const entry = this.fleet.observed.entries.get(host);
      return entry ? [{ state: entry.value, at: entry.at }] : [];
    });
    try {
      const stored = allOrEach(
        reports,
        (some) => this.repository.store(some, this.config.L45_SAMPLE_SECONDS),
        ({ state: { host } }, reason) =>
          this.#logger.warn(`a report of ${host} cannot be stored, and is dropped: ${reason}`),
      );
      const traced = fresh.map(([host, traceparent]) =>
        withTraceparent(traceparent, () => {
          const revision = this.fleet.observed.entries.get(host)?.value.desiredRevision;
          const attributes = { 'l45.host': host, 'l45.revision': revision };
          return inSpan('observed store', attributes, () => stored);
        }),
      );
      await Promise.all([stored, ...traced]);
    } catch (error) {
      for (const [host, traceparent] of fresh)
        this.#fresh.set(host, this.#fresh.get(host) ?? traceparent);
      throw error;
    }
  }
}
