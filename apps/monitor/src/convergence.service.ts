// SPDX-License-Identifier: Apache-2.0
import { Buckets, type StateChange } from '@l45/bus';
import { type DesiredState, type ObservedState, OFFLINE_AFTER_MS } from '@l45/contracts';
import { currentMetrics, durations } from '@l45/telemetry';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

interface Host {
  /** Newest revision that it was told, and when. */
  told?: { revision: number; at: Date };
  /** Its last report, and when. */
  said?: { revision: number; problems: number; at: Date };
}

/** How far the fleet is from what it should run, as metrics. */
@Injectable()
export class Convergence implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #lag = durations(
    'l45.convergence.lag',
    'From the desired state of a host until the host has applied it',
  );
  readonly #hosts = new Map<string, Host>();
  readonly #stop = new AbortController();
  #running: Promise<void>[] = [];
  #forget: (() => void)[] = [];

  constructor(private readonly buckets: Buckets) {}

  onApplicationBootstrap(): void {
    this.#running = [
      this.#follow(this.buckets.desired.watch('>', this.#stop.signal), this.#tell),
      this.#follow(this.buckets.observed.watch('>', this.#stop.signal), this.#hear),
    ];
    this.#forget = [
      gauge('l45.hosts', 'Hosts that have ever reported, by whether they still do', () =>
        [true, false].map((online) => ({
          value: this.#count((host) => isOnline(host) === online),
          attributes: { 'l45.online': online },
        })),
      ),
      gauge('l45.hosts.drifted', 'Hosts online that are not as desired', () => [
        { value: this.#count((host) => isOnline(host) && isDrifted(host)) },
      ]),
      gauge(
        'l45.convergence.waiting',
        'How long the slowest host online has not applied what it was told',
        () => [{ value: Math.max(0, ...[...this.#hosts.values()].map(waitingSeconds)) }],
        's',
      ),
    ];
  }

  async onModuleDestroy(): Promise<void> {
    for (const forget of this.#forget) forget();
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  /** What was there before we came tells nothing of how long it took. */
  async #follow<T>(
    changes: AsyncIterable<StateChange<T>>,
    take: (host: Host, state: T, at: Date, isNews: boolean) => void,
  ): Promise<void> {
    let isNews = false;
    for await (const change of changes) {
      if (change.kind === 'current') isNews = true;
      if (change.kind === 'put') take(this.#host(change.key), change.value, change.at, isNews);
    }
  }

  readonly #tell = (host: Host, { revision }: DesiredState, at: Date): void => {
    if (revision !== host.told?.revision) host.told = { revision, at };
  };

  readonly #hear = (
    host: Host,
    { desiredRevision: revision, problems }: ObservedState,
    at: Date,
    isNews: boolean,
  ): void => {
    const wasWaiting = isDrifted(host);
    host.said = { revision, problems: problems.length, at };
    if (!host.told || !isNews || !wasWaiting || isDrifted(host)) return;
    this.#lag.record(Math.max(0, at.getTime() - host.told.at.getTime()) / 1_000);
  };

  #host(name: string): Host {
    const host = this.#hosts.get(name) ?? {};
    this.#hosts.set(name, host);
    return host;
  }

  #count(holds: (host: Host) => boolean): number {
    return [...this.#hosts.values()].filter((host) => host.said && holds(host)).length;
  }
}

const gauge = (
  name: string,
  description: string,
  read: Parameters<typeof currentMetrics.add>[1],
  unit?: string,
) => currentMetrics.add({ name, description, unit, kind: 'gauge' }, read);

const isOnline = ({ said }: Host): boolean =>
  said !== undefined && Date.now() - said.at.getTime() <= OFFLINE_AFTER_MS;

const isDrifted = ({ told, said }: Host): boolean =>
  (said?.revision ?? 0) < (told?.revision ?? 0) || (said?.problems ?? 0) > 0;

const waitingSeconds = (host: Host): number =>
  host.told && isOnline(host) && isDrifted(host)
    ? (Date.now() - host.told.at.getTime()) / 1_000
    : 0;
