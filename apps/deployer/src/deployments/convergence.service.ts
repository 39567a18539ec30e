// SPDX-License-Identifier: Apache-2.0
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { isSettled, type Phase } from '../rollout/phase.js';
import { Reconciler } from '../rollout/reconciler.service.js';

export interface Reading<T> {
  phase: Phase;
  value: T;
}

/** Lets requests wait until their deployment is where it was asked to be. */
@Injectable()
export class Convergence implements OnModuleDestroy {
  readonly #waiting = new Set<() => void>();

  constructor(private readonly reconciler: Reconciler) {}

  /** What is read once it has settled, or when the time is over. */
  async settled<T>(id: string, seconds: number, read: () => Promise<Reading<T>>): Promise<T> {
    if (seconds === 0) return (await read()).value;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        unsubscribe();
        this.#waiting.delete(giveUp);
      };
      const look = async (isOver: boolean) => {
        try {
          const { phase, value } = await read();
          if (!isOver && !isSettled(phase)) return;
          end();
          resolve(value);
        } catch (error) {
          end();
          reject(error);
        }
      };
      const giveUp = () => void look(true);
      const timer = setTimeout(giveUp, seconds * 1_000);
      // Before the first look: what settles meanwhile must not be missed.
      const unsubscribe = this.reconciler.onRound((phases) => {
        const phase = phases.get(id);
        if (phase === undefined || isSettled(phase)) void look(false);
      });
      this.#waiting.add(giveUp);
      void look(false);
    });
  }

  /** A service that stops answers whoever waits, with what there is. */
  onModuleDestroy(): void {
    for (const giveUp of this.#waiting) giveUp();
  }
}
