// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { Announcer } from '../deployments/announcer.service.js';
import { RolloutsRepository } from '../storage/rollouts.repository.js';
import { Fleet } from './fleet.service.js';
import { Loop } from './loop.js';
import { RebuildService } from './rebuild.service.js';
import type { Phase } from './phase.js';
import { type Outcome, round, type World } from './round.js';
import { TURN } from './turn.js';

/** Everything follows from watching; this only mends what was missed after all. */
const RESYNC_MS = 10_000;

/** By identifier of the deployment. */
export type Phases = ReadonlyMap<string, Phase>;

/**
 * Brings what hosts are told in line with what was asked for, and rollouts further as hosts
 * confirm. It starts from the state, never from what happened: whatever was interrupted, by
 * whomever, the next round goes on with it.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(Reconciler.name, () => this.#reconcile());
  readonly #rounds = new EventEmitter<{ done: [Phases] }>().setMaxListeners(0);
  #resync = true;
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly transactions: Transactions,
    private readonly rollouts: RolloutsRepository,
    private readonly fleet: Fleet,
    private readonly rebuilds: RebuildService,
    private readonly announcer: Announcer,
  ) {}

  onApplicationBootstrap(): void {
    this.fleet.follow(() => this.trigger());
    this.#timer = setInterval(() => {
      this.#resync = true;
      this.trigger();
    }, RESYNC_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.fleet.stop();
    await this.#loop.stop();
  }

  trigger(): void {
    this.#loop.trigger();
  }

  /** Calls back after each round with the phases of all that is live, until the answer is called. */
  onRound(done: (phases: Phases) => void): () => void {
    this.#rounds.on('done', done);
    return () => this.#rounds.off('done', done);
  }

  async #reconcile(): Promise<void> {
    if (!this.fleet.known) return;
    const all = this.#resync;
    this.#resync = false;
    const sightings = this.fleet.sightings(all ? 'ever' : 'last');
    try {
      const { world, outcome } = await this.transactions.exclusively(TURN, async (manager) => {
        const world = await this.rollouts.load(manager);
        const outcome = round(world, sightings, new Date());
        await this.rollouts.save(manager, outcome);
        return { world, outcome };
      });
      this.#announce(world, outcome);
      await this.fleet.tell([...outcome.hosts.values()]);
      this.rebuilds.catchUp(worldAfter(world, outcome), all, () => this.trigger());
    } catch (error) {
      this.fleet.putBack(sightings);
      this.#resync ||= all;
      throw error;
    }
  }

  #announce({ builds }: World, { deployments, hosts, changedDeployments }: Outcome): void {
    for (const id of changedDeployments) {
      const deployment = deployments.get(id);
      if (deployment) this.announcer.announce(deployment, { hosts, builds });
    }
    const phases = [...deployments].map(([id, { phase }]) => [id, phase] as const);
    this.#rounds.emit('done', new Map(phases));
  }
}

const worldAfter = ({ builds }: World, { deployments, hosts }: Outcome): World => ({
  live: [...deployments.values()],
  hosts: [...hosts.values()],
  builds,
});
