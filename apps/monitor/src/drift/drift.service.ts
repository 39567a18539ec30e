// SPDX-License-Identifier: Apache-2.0
import { EventPublisher, Loop } from '@l45/bus';
import { type DriftReply, type DriftReason, type HostDrift, L45Error } from '@l45/contracts';
import { currentMetrics } from '@l45/telemetry';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Fleet } from '../fleet.service.js';
import { MonitorConfig } from '../monitor.config.js';
import { DriftsRepository } from '../storage/drifts.repository.js';
import { driftOf } from './drift.js';

const CHECK_MS = 1_000;
/** Reasons that are told of one host. */
const TOLD = 20;

interface Drift {
  since: Date;
  reasons: DriftReason[];
}

/** Finds hosts that do not run what they should, and says so when that lasts. */
@Injectable()
export class DriftService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #found = new Map<string, Drift>();
  readonly #loop = new Loop('Drift', () => this.#settle());
  readonly #forget: () => void;
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly config: MonitorConfig,
    private readonly fleet: Fleet,
    private readonly repository: DriftsRepository,
    private readonly events: EventPublisher,
  ) {
    fleet.events.on('told', (host) => this.#look(host));
    fleet.events.on('reported', (host) => this.#look(host));
    this.#forget = currentMetrics.add(
      {
        name: 'l45.hosts.drifted',
        description: 'Hosts online that are not as desired',
        kind: 'gauge',
      },
      () => [{ value: [...this.#found.keys()].filter((host) => fleet.isOnline(host)).length }],
    );
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#loop.trigger(), CHECK_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    this.#forget();
    await this.#loop.stop();
  }

  async list(host?: string): Promise<DriftReply> {
    if (host !== undefined && !this.fleet.observed.entries.has(host))
      throw new L45Error('UNKNOWN_HOST', `no agent has ever reported as ${host}`);
    const told = await this.repository.told();
    const hosts = [...this.#found]
      .filter(([name]) => host === undefined || name === host)
      .map(([name, { since, reasons }]): HostDrift => {
        const began = told.get(name) ?? since;
        const online = this.fleet.isOnline(name);
        return { host: name, online, since: began.toISOString(), reasons: reasons.slice(0, TOLD) };
      });
    return { hosts: hosts.toSorted((a, b) => a.host.localeCompare(b.host)) };
  }

  #look(host: string): void {
    const desired = this.fleet.desired.entries.get(host);
    const observed = this.fleet.observed.entries.get(host);
    const reasons = desired && observed ? driftOf(desired.value, observed.value) : [];
    const before = this.#found.get(host);
    if (reasons.length) this.#found.set(host, { since: before?.since ?? new Date(), reasons });
    else this.#found.delete(host);
  }

  /** Once for each drift and its end, however many replicas there are. */
  async #settle(): Promise<void> {
    if (!this.fleet.desired.current || !this.fleet.observed.current) return;
    const lasting = this.#lasting();
    const isNews = (told: ReadonlyMap<string, Date>) =>
      [...lasting.keys()].some((host) => !told.has(host)) ||
      [...told.keys()].some((host) => !this.#found.has(host));
    if (!isNews(await this.repository.told())) return;
    await this.repository.update(async (told) => {
      const began = [...lasting].filter(([host]) => !told.has(host));
      const ended = [...told].filter(([host]) => !this.#found.has(host));
      for (const [host, { since, reasons }] of began) await this.#publish(host, since, reasons);
      for (const [host, since] of ended) await this.#publish(host, since, []);
      return {
        began: began.map(([host, { since }]) => [host, since] as const),
        ended: ended.map(([host]) => host),
      };
    });
  }

  #lasting(): Map<string, Drift> {
    const before = Date.now() - this.config.L45_DRIFT_SECONDS * 1_000;
    return new Map([...this.#found].filter(([, { since }]) => since.getTime() <= before));
  }

  async #publish(host: string, since: Date, reasons: DriftReason[]): Promise<void> {
    const drifted = reasons.length > 0;
    const event = { host, drifted, since: since.toISOString(), reasons: reasons.slice(0, TOLD) };
    await this.events.publish('monitor.drift', event, `drift ${host} ${drifted} ${event.since}`);
  }
}
