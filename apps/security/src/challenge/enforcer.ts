// SPDX-License-Identifier: Apache-2.0
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Challenges } from './challenges.service.js';
import { History } from './history.js';
import { Hosts } from './hosts.js';
import { Policies } from './policies.js';
import { Schedule } from './schedule.js';

const CHECK_MS = 200;
const PLAN_MS = 1_000;
const PRUNE_MS = 3_600_000;

/** Challenges what policies say, when they say so. */
@Injectable()
export class Enforcer implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(Enforcer.name);
  readonly #stop = new AbortController();
  readonly #open = new Set<Promise<void>>();
  #loops: Promise<void>[] = [];

  constructor(
    private readonly policies: Policies,
    private readonly hosts: Hosts,
    private readonly schedule: Schedule,
    private readonly challenges: Challenges,
    private readonly history: History,
  ) {}

  onApplicationBootstrap(): void {
    this.#loops = [
      this.#every(PLAN_MS, () => this.#plan()),
      this.#every(CHECK_MS, () => this.#challengeDue()),
      this.#every(PRUNE_MS, () => this.history.prune()),
    ];
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#loops, ...this.#open]);
  }

  async #plan(): Promise<void> {
    if (!this.hosts.current) return;
    const { policies } = await this.policies.all();
    const live = policies.length ? await this.challenges.live() : [];
    const byName = new Map(live.map((deployment) => [deployment.name, deployment]));
    await this.schedule.plan(
      policies.map((policy) => {
        const deployment = byName.get(policy.deployment);
        return { policy, subjects: deployment ? this.hosts.instancesOf(deployment) : [] };
      }),
    );
  }

  async #challengeDue(): Promise<void> {
    for (const { subject, policy } of await this.schedule.claim()) {
      const challenged = this.#attempt(() =>
        this.challenges.enforce(subject, policy.window * 1_000),
      ).finally(() => this.#open.delete(challenged));
      this.#open.add(challenged);
    }
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#attempt(work);
      await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** The next round tries again. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => this.#logger.warn(String(error)));
  }
}
