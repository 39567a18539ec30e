// SPDX-License-Identifier: Apache-2.0

/** Wakes one who waits; rung while nobody does, it wakes the next who comes. */
export class Alarm {
  #rung = false;
  #wake: () => void = () => undefined;

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake();
  };

  /** Resolves once it is rung, or after so many milliseconds. */
  async rung(limitMs: number): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#rung = false;
  }
}
