// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';

const RETRY_MS = 250;

/** Runs work when triggered, one run at a time; triggers during a run lead to one more. */
export class Loop {
  readonly #logger: Logger;
  #triggered = false;
  #stopped = false;
  #running?: Promise<void>;
  #retry?: NodeJS.Timeout;

  constructor(
    name: string,
    private readonly work: () => Promise<void>,
  ) {
    this.#logger = new Logger(name);
  }

  trigger(): void {
    this.#triggered = true;
    if (this.#stopped || this.#running) return;
    this.#running = this.#run().finally(() => (this.#running = undefined));
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
      try {
        await this.work();
      } catch (error) {
        this.#logger.warn(
          `will try again: ${error instanceof Error ? error.message : String(error)}`,
        );
        this.#retry = setTimeout(() => this.trigger(), RETRY_MS);
      }
    }
  }
}
