// SPDX-License-Identifier: Apache-2.0
import { currentMetrics, durations } from '@l45/telemetry';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Fleet } from './fleet.service.js';

/** How quickly the fleet follows what it is told, as metrics. */
@Injectable()
export class Convergence implements OnModuleDestroy {
  readonly #lag = durations(
    'l45.convergence.lag',
    'From the desired state of a host until the host has applied it',
  );
  /** Since when hosts have not applied what they were told. */
  readonly #waiting = new Map<string, Date>();
  readonly #forget: (() => void)[];

  constructor(private readonly fleet: Fleet) {
    fleet.events.on('told', (host) => this.#look(host));
    fleet.events.on('reported', (host) => this.#look(host));
    this.#forget = [
      currentMetrics.add(
        {
          name: 'l45.hosts',
          description: 'Hosts that have ever reported, by whether they still do',
          kind: 'gauge',
        },
        () =>
          [true, false].map((online) => ({
            value: [...fleet.observed.entries.keys()].filter(
              (host) => fleet.isOnline(host) === online,
            ).length,
            attributes: { 'l45.online': online },
          })),
      ),
      currentMetrics.add(
        {
          name: 'l45.convergence.waiting',
          description: 'How long the slowest host online has not applied what it was told',
          unit: 's',
          kind: 'gauge',
        },
        () => [{ value: Math.max(0, ...[...this.#waiting].map(this.#seconds)) }],
      ),
    ];
  }

  onModuleDestroy(): void {
    for (const forget of this.#forget) forget();
  }

  #look(host: string): void {
    const told = this.fleet.desired.entries.get(host);
    const said = this.fleet.observed.entries.get(host);
    const isApplied =
      !told ||
      ((said?.value.desiredRevision ?? 0) >= told.value.revision && !said?.value.problems.length);
    if (told && !isApplied) return void this.#waiting.set(host, told.at);
    // What was there before we came tells nothing of how long it took.
    const since = this.fleet.observed.current ? this.#waiting.get(host) : undefined;
    this.#waiting.delete(host);
    if (!since || !said) return;
    this.#lag.record(Math.max(0, said.at.getTime() - since.getTime()) / 1_000);
  }

  readonly #seconds = ([host, since]: [string, Date]): number =>
    this.fleet.isOnline(host) ? (Date.now() - since.getTime()) / 1_000 : 0;
}
