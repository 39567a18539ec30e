// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 250;

/**
 * Runs work when triggered, one run at a time; triggers during a run lead to one more. What fails
 * is tried again, and the same failure is told of once.
 */
export class Loop {
  readonly #logger: Logger;
  #triggered = false;
  #stopped = false;
  #running?: Promise<void>;
  #failure?: string;
  #retry?: NodeJS.Timeout;

  /**
   * @param restMs After each run it rests for as long as that took, and for this long at most, so
   *   that what comes in a row is taken together.
   */
  constructor(
    name: string,
    private readonly work: () => Promise<void>,
    private readonly restMs = 0,
  ) {
    this.#logger = new Logger(name);
  }

  trigger(): void {
    this.#triggered = true;
    if (this.#stopped || this.#running) return;
    this.#running = this.#run();
  }

  /** Resolves after the run that is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#running;
  }

  async #run(): Promise<void> {
    // What comes together is taken together.
    await Promise.resolve();
    while (this.#triggered && !this.#stopped) {
      this.#triggered = false;
      const started = performance.now();
      await this.#attempt();
      if (this.restMs) await delay(Math.min(performance.now() - started, this.restMs));
    }
    // Not in a continuation: whoever triggers before that would be missed.
    this.#running = undefined;
  }

  async #attempt(): Promise<void> {
    try {
      await this.work();
      if (this.#failure !== undefined) this.#logger.log('works again');
      this.#failure = undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== this.#failure) this.#logger.warn(`will try again: ${message}`);
      this.#failure = message;
      this.#retry = setTimeout(() => this.trigger(), RETRY_MS);
    }
  }
}
