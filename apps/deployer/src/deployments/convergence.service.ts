// SPDX-License-Identifier: Apache-2.0
import { EventPublisher } from '@l45/bus';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { DeploymentProgress } from '@l45/contracts';
import { Fleet } from '../rollout/fleet.service.js';
import { isSettled } from '../rollout/phase.js';
import { Reconciler } from '../rollout/reconciler.service.js';
import { OVER } from '../rollout/rotation.js';
import type { Outcome } from '../rollout/round.js';
import { summaryOf } from './view.js';

export interface Reading<T> {
  isSettled: boolean;
  value: T;
}

/** Lets requests wait until what they asked for is so. */
@Injectable()
export class Convergence implements OnModuleDestroy {
  readonly #logger = new Logger(Convergence.name);
  readonly #waiting = new Set<() => void>();

  constructor(
    private readonly reconciler: Reconciler,
    private readonly events: EventPublisher,
    private readonly fleet: Fleet,
  ) {}

  /** What is read once the deployment has settled, or when the time is over. */
  deployment<T>(id: string, seconds: number, read: () => Promise<Reading<T>>): Promise<T> {
    let told: DeploymentProgress | undefined;
    return this.#settled(seconds, read, (outcome) => {
      const progress = this.#progress(id, outcome);
      if (progress && !isDeepStrictEqual(progress, told)) this.#publish((told = progress));
      return progress !== undefined;
    });
  }

  /** The same for a rotation that is over. */
  rotation<T>(id: string, seconds: number, read: () => Promise<Reading<T>>): Promise<T> {
    return this.#settled(seconds, read, ({ rotations }) => {
      const rotation = rotations.get(id);
      return rotation !== undefined && !OVER.includes(rotation.step);
    });
  }

  async #settled<T>(
    seconds: number,
    read: () => Promise<Reading<T>>,
    isPending: (outcome: Outcome) => boolean,
  ): Promise<T> {
    if (seconds === 0) return (await read()).value;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        unsubscribe();
        this.#waiting.delete(giveUp);
      };
      const look = async (isOver: boolean) => {
        try {
          const reading = await read();
          if (!isOver && !reading.isSettled) return;
          end();
          resolve(reading.value);
        } catch (error) {
          end();
          reject(error);
        }
      };
      const giveUp = () => void look(true);
      const timer = setTimeout(giveUp, seconds * 1_000);
      // Before the first look: what settles meanwhile must not be missed.
      const unsubscribe = this.reconciler.attend((outcome) => {
        if (!isPending(outcome)) void look(false);
      });
      this.#waiting.add(giveUp);
      void look(false);
    });
  }

  /** A service that stops answers whoever waits, with what there is. */
  onModuleDestroy(): void {
    for (const giveUp of this.#waiting) giveUp();
  }

  /** How far it is; undefined: it has settled. */
  #progress(id: string, outcome: Outcome): DeploymentProgress | undefined {
    const deployment = outcome.deployments.get(id);
    if (!deployment || isSettled(deployment.phase)) return undefined;
    return summaryOf(deployment, this.fleet.evidence(outcome));
  }

  /** What is lost of these is made up for by the next one. */
  #publish(progress: DeploymentProgress): void {
    this.events
      .publish('deployer.progress', progress)
      .catch((error: unknown) => this.#logger.warn(String(error)));
  }
}
