// SPDX-License-Identifier: Apache-2.0
import { Buckets, Loop, Mirror } from '@l45/bus';
import {
  type Assignment,
  type DesiredState,
  linkNames,
  type MiddleboxDesiredState,
  type MiddleboxObservedState,
  OFFLINE_AFTER_MS,
  type Prepared,
} from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { ApplicationsService } from '../applications.service.js';
import { DeployerGateway } from '../deployer.gateway.js';
import type { MiddleboxRow } from '../storage/middlebox.entity.js';
import { MiddleboxesRepository } from '../storage/middleboxes.repository.js';
import { assign, type Modules, preparedOf, progressOf, type Reports } from './assign.js';
import { deploymentsOf, inOrder, type Told } from './deployments.js';
import { ModulesService } from './modules.service.js';

/** Everything follows from watching; this mends what was missed, and tries again what failed. */
const RESYNC_MS = 5_000;

/**
 * Assigns inverse modules to the middleboxes that see a deployment's flows, and says when all of
 * them have loaded theirs. It starts from what hosts are told, never from what happened.
 */
@Injectable()
export class Assigner implements Reports, OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(Assigner.name, () => this.#assign());
  readonly #hosts: Mirror<DesiredState>;
  readonly #desired: Mirror<MiddleboxDesiredState>;
  readonly #observed: Mirror<MiddleboxObservedState>;
  readonly #prepared: Mirror<Prepared>;
  #names = new Map<string, string>();
  #timer?: NodeJS.Timeout;

  constructor(
    buckets: Buckets,
    private readonly repository: MiddleboxesRepository,
    private readonly modules: ModulesService,
    private readonly deployer: DeployerGateway,
    private readonly applications: ApplicationsService,
  ) {
    const changed = () => this.trigger();
    this.#hosts = new Mirror(buckets.desired, changed);
    this.#desired = new Mirror(buckets.middleboxDesired, changed, true);
    this.#observed = new Mirror(buckets.middleboxObserved, changed);
    this.#prepared = new Mirror(buckets.prepared, changed, true);
  }

  onApplicationBootstrap(): void {
    for (const mirror of this.#mirrors) mirror.follow();
    this.#timer = setInterval(() => {
      this.modules.forget();
      this.trigger();
    }, RESYNC_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#mirrors.map((mirror) => mirror.stop()));
    await this.#loop.stop();
  }

  trigger(): void {
    this.#loop.trigger();
  }

  report(middlebox: string): MiddleboxObservedState | undefined {
    return this.#observed.entries.get(middlebox)?.value;
  }

  silentSince(middlebox: string): Date | undefined {
    return this.#observed.silentSince(middlebox, OFFLINE_AFTER_MS);
  }

  get #mirrors() {
    return [this.#hosts, this.#desired, this.#observed, this.#prepared];
  }

  async #assign(): Promise<void> {
    if (!this.#mirrors.every(({ current }) => current)) return;
    const registered = await this.repository.all();
    const spoken = await this.#spoken(registered);
    const live = await this.#changing(spoken);
    const types = new Set(registered.flatMap((row) => row.types));
    const modules = await this.modules.find(live, [...types]);
    const rows = await this.repository.update((current) => {
      const known = (name: string) => this.#desired.entries.get(name)?.value.revision ?? 0;
      return current.flatMap((row) => {
        // Registered since: the next round knows its modules.
        if (!row.types.every((type) => types.has(type))) return [];
        const next = assign(row, live, modules);
        // Whoever wiped or restored the database: middleboxes only go forward.
        if (known(row.name) > next.revision) return { ...next, revision: known(row.name) + 1 };
        return next === row ? [] : next;
      });
    });
    await this.#tell(rows);
    // Of one that was registered since, nothing is assigned yet.
    if (rows.every((row) => row.types.every((type) => types.has(type))))
      await this.#prepare(spoken, rows, modules);
    await this.applications.check(rows, this);
  }

  /**
   * What hosts are told, and what they were told before: should the store be lost, they go on
   * speaking until the deployer says that it is over.
   */
  async #spoken(rows: MiddleboxRow[]): Promise<Told[]> {
    const told = deploymentsOf([...this.#hosts.entries.values()].map(({ value }) => value));
    const now = new Set(told.map(({ deployment }) => deployment));
    const assigned = rows.flatMap(({ desired }) => desired.assignments);
    const before = new Map(
      assigned.filter(({ deployment }) => !now.has(deployment)).map((one) => [one.deployment, one]),
    );
    if (before.size || told.some(({ deployment }) => !this.#names.has(deployment))) {
      this.#names = await this.deployer.names();
    }
    const lost = [...before.values()].filter(({ deployment }) => this.#names.has(deployment));
    return inOrder([...told, ...lost]);
  }

  /** Those that change bytes; of the others there is nothing to be taken back. */
  async #changing(spoken: Told[]): Promise<Assignment[]> {
    const silent = spoken.length ? await this.modules.changingNothing() : new Set<string>();
    return spoken
      .filter(({ customization }) => !linkNames(customization).every((one) => silent.has(one)))
      .map((one) => ({ ...one, name: this.#names.get(one.deployment) ?? one.deployment }));
  }

  async #tell(rows: MiddleboxRow[]): Promise<void> {
    const names = new Set(rows.map(({ name }) => name));
    for (const { name, revision, desired } of rows) {
      const state = { middlebox: name, revision, ...desired };
      if (isDeepStrictEqual(this.#desired.entries.get(name)?.value, state)) continue;
      await this.#desired.put(name, state);
    }
    for (const name of this.#desired.entries.keys()) {
      if (!names.has(name)) await this.#desired.remove(name);
    }
  }

  async #prepare(spoken: Told[], rows: MiddleboxRow[], modules: Modules): Promise<void> {
    const progress = rows.flatMap((row) => progressOf(row, modules, this));
    // Those that change nothing are ready at once.
    const all = new Set(spoken.map(({ deployment }) => deployment));
    for (const deployment of all) {
      const prepared = preparedOf(deployment, progress);
      if (isDeepStrictEqual(this.#prepared.entries.get(deployment)?.value, prepared)) continue;
      await this.#prepared.put(deployment, prepared);
    }
    for (const deployment of this.#prepared.entries.keys()) {
      if (!all.has(deployment)) await this.#prepared.remove(deployment);
    }
  }
}
