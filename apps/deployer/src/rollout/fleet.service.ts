// SPDX-License-Identifier: Apache-2.0
import { Buckets, Mirror } from '@l45/bus';
import { type DesiredState, OFFLINE_AFTER_MS, type ObservedState } from '@l45/contracts';
import { currentTraceparent, inSpan, withTraceparent } from '@l45/telemetry';
import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { HostRow } from '../storage/host.entity.js';
import { MiddleboxesRepository } from '../storage/middleboxes.repository.js';
import { Middleboxes } from './middleboxes.js';
import { type Report, reportOf } from './observe.js';
import type { Evidence, Stored } from './progress.js';
import { stateFor } from './project.js';
import type { Sighting, Sightings } from './round.js';

/** Puts that are under way at once, when many hosts change together. */
const CONCURRENT_PUTS = 256;

/** The fleet as the bus shows it: what hosts report, and what they are told. */
@Injectable()
export class Fleet {
  readonly #observed: Mirror<ObservedState>;
  readonly #desired: Mirror<DesiredState>;
  readonly #middleboxes: Middleboxes;
  readonly #reports = new Map<string, Report>();
  /** Hosts with a report that no round took in yet. */
  #fresh = new Set<string>();
  #changed: () => void = () => undefined;

  constructor(buckets: Buckets, middleboxes: MiddleboxesRepository) {
    this.#observed = new Mirror(buckets.observed, (host) => this.#hear(host));
    this.#desired = new Mirror(buckets.desired, () => this.#changed(), true);
    this.#middleboxes = new Middleboxes(buckets, middleboxes, () => this.#changed());
  }

  /** Follows the bus; `changed` is called whenever a round may have something to do. */
  follow(changed: () => void): void {
    this.#changed = changed;
    this.#observed.follow();
    this.#desired.follow();
    this.#middleboxes.follow();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#observed.stop(), this.#desired.stop(), this.#middleboxes.stop()]);
  }

  /** Whether all that the bus has is known. */
  get known(): boolean {
    return this.#observed.current && this.#desired.current && this.#middleboxes.known;
  }

  /** What was seen since the last call, or since the beginning. */
  sightings(since: 'last' | 'ever'): Sightings {
    const reports = new Map<string, Sighting>();
    for (const host of since === 'ever' ? this.#observed.entries.keys() : this.#fresh) {
      const entry = this.#observed.entries.get(host);
      if (entry) reports.set(host, { report: reportOf(entry.value), at: entry.at });
    }
    this.#fresh = new Set();
    const revisions = new Map<string, number>();
    for (const [host, { value }] of this.#desired.entries) revisions.set(host, value.revision);
    return {
      reports,
      revisions,
      isSilent: (host) => this.isSilent(host),
      silentSince: (host) => this.silentSince(host),
      unreadBy: (deployment) => this.unreadBy(deployment),
      heardSince: this.#observed.since,
    };
  }

  /** They were not taken in after all. */
  putBack({ reports }: Sightings): void {
    for (const host of reports.keys()) this.#fresh.add(host);
  }

  /** Tells hosts what they should run, where they have been told something else. */
  async tell(hosts: HostRow[]): Promise<void> {
    const outdated = hosts.filter(
      ({ name, revision }) => revision > (this.#desired.entries.get(name)?.value.revision ?? 0),
    );
    for (let i = 0; i < outdated.length; i += CONCURRENT_PUTS) {
      await Promise.all(outdated.slice(i, i + CONCURRENT_PUTS).map((host) => this.#put(host)));
    }
  }

  /** Which middleboxes keep a deployment from being spoken, and why. */
  unreadBy(deployment: string): string | undefined {
    return this.#middleboxes.unreadBy(deployment);
  }

  /** When a host was heard of last, if that is too long ago, and it is not us who heard nobody. */
  silentSince(host: string): Date | undefined {
    return this.#observed.silentSince(host, OFFLINE_AFTER_MS);
  }

  /** Whether there is no report of late, or none at all. */
  isSilent(host: string): boolean {
    return !this.#observed.entries.has(host) || this.silentSince(host) !== undefined;
  }

  /** The latest report of every host. */
  reports(): Report[] {
    return [...this.#observed.entries.values()].map(({ value }) => reportOf(value));
  }

  /** The latest report of a host that is new to the database too. */
  report(host: string): Report | undefined {
    const entry = this.#observed.entries.get(host);
    return entry && reportOf(entry.value);
  }

  /** What is stored, with what only the bus shows. */
  evidence({ hosts, builds }: Stored): Evidence {
    const silentSince = (host: string) => this.silentSince(host);
    const unreadBy = (deployment: string) => this.unreadBy(deployment);
    return { hosts, builds, silentSince, unreadBy };
  }

  /** The agent goes on where the trace of the put is. */
  #put(host: HostRow): Promise<void> {
    const attributes = { 'l45.host': host.name, 'l45.revision': host.revision };
    return withTraceparent(host.traceparent ?? undefined, () =>
      inSpan('l45_desired put', attributes, () =>
        this.#desired.put(host.name, {
          ...stateFor(host),
          ...(host.traceparent && { traceparent: currentTraceparent() }),
        }),
      ),
    );
  }

  #hear(host: string | undefined): void {
    if (host === undefined) for (const each of this.#observed.entries.keys()) this.#fresh.add(each);
    else if (this.#tellsNothingNew(host)) return;
    else this.#fresh.add(host);
    this.#changed();
  }

  /** Most reports only have other counters. */
  #tellsNothingNew(host: string): boolean {
    const report = this.report(host);
    const same = isDeepStrictEqual(report, this.#reports.get(host));
    if (report) this.#reports.set(host, report);
    else this.#reports.delete(host);
    return same;
  }
}
