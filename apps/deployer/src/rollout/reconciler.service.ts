// SPDX-License-Identifier: Apache-2.0
import { Loop } from '@l45/bus';
import { Transactions } from '@l45/cib';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventEmitter } from 'node:events';
import type { EntityManager } from 'typeorm';
import { Announcer } from '../deployments/announcer.service.js';
import { Outbox } from '../deployments/outbox.service.js';
import { RolloutsRepository } from '../storage/rollouts.repository.js';
import { Fleet } from './fleet.service.js';
import { Lead } from './lead.service.js';
import { RebuildService } from './rebuild.service.js';
import { type Outcome, round, turnoversOf } from './round.js';
import { TURN } from './turn.js';

/** Everything follows from watching; this only mends what was missed after all. */
const RESYNC_MS = 10_000;
/** A round of a large fleet takes about as long, and its hosts report one after the other. */
const REST_MS = 100;

/**
 * Brings what hosts are told in line with what was asked for, and rollouts further as hosts
 * confirm. It starts from the state, never from what happened: whatever was interrupted, by
 * whomever, the next round goes on with it. What the bus tells, all replicas are told: the one that
 * leads follows it, and others while a request waits for it with them.
 */
@Injectable()
export class Reconciler implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(Reconciler.name, () => this.#reconcile(), REST_MS);
  readonly #rounds = new EventEmitter<{ done: [Outcome] }>().setMaxListeners(0);
  readonly #attending = new Set<object>();
  #asked = false;
  #resync = true;
  #timer?: NodeJS.Timeout;
  #wake?: NodeJS.Timeout;

  constructor(
    private readonly transactions: Transactions,
    private readonly rollouts: RolloutsRepository,
    private readonly fleet: Fleet,
    private readonly lead: Lead,
    private readonly rebuilds: RebuildService,
    private readonly announcer: Announcer,
    private readonly outbox: Outbox,
  ) {}

  onApplicationBootstrap(): void {
    this.fleet.follow(() => {
      if (this.#asked || this.#attending.size || this.lead.isOurs) this.#loop.trigger();
    });
    const resync = () => {
      this.#resync = true;
      this.trigger();
    };
    this.#timer = setInterval(resync, RESYNC_MS);
    this.lead.stand(resync);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#wake);
    await this.fleet.stop();
    await this.#loop.stop();
  }

  trigger(): void {
    this.#asked = true;
    this.#loop.trigger();
  }

  /** Calls back after each round, until the answer is called. */
  onRound(done: (outcome: Outcome) => void): () => void {
    this.#rounds.on('done', done);
    return () => this.#rounds.off('done', done);
  }

  /** The same, with a round here after whatever happens to the fleet. */
  attend(done: (outcome: Outcome) => void): () => void {
    const forget = this.onRound(done);
    this.#attending.add(done);
    return () => {
      this.#attending.delete(done);
      forget();
    };
  }

  async #reconcile(): Promise<void> {
    if (!this.fleet.known) return;
    this.#asked = false;
    const all = this.#resync;
    this.#resync = false;
    const sightings = this.fleet.sightings(all ? 'ever' : 'last');
    try {
      const outcome = await this.transactions.exclusively(TURN, async (manager) => {
        const next = round(await this.rollouts.load(manager), sightings, new Date());
        await this.rollouts.save(manager, next);
        await this.#announce(manager, next);
        return next;
      });
      if (outcome.changedDeployments.size || outcome.changedRotations.size) this.outbox.flush();
      this.#wakeAt(outcome.wakeAt);
      this.#rounds.emit('done', outcome);
      await this.fleet.tell([...outcome.hosts.values()]);
      this.rebuilds.catchUp(outcome, all, () => this.trigger());
    } catch (error) {
      this.fleet.putBack(sightings);
      this.#asked = true;
      this.#resync ||= all;
      throw error;
    }
  }

  #wakeAt(at: Date | undefined): void {
    clearTimeout(this.#wake);
    if (at) this.#wake = setTimeout(() => this.trigger(), Math.max(0, at.getTime() - Date.now()));
  }

  async #announce(manager: EntityManager, outcome: Outcome): Promise<void> {
    const { deployments, changedDeployments, rotations, changedRotations } = outcome;
    const evidence = this.fleet.evidence(outcome);
    for (const id of changedDeployments) {
      const deployment = deployments.get(id);
      if (deployment) await this.announcer.announce(manager, deployment, evidence);
    }
    for (const turnover of turnoversOf(rotations, deployments)) {
      if (!changedRotations.has(turnover.rotation.id)) continue;
      await this.announcer.announceRotation(manager, turnover, evidence);
    }
  }
}
