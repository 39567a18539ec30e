// SPDX-License-Identifier: Apache-2.0

/**
 * A task that is never run twice at once. Requested while it runs, it runs once more afterwards,
 * however often it was requested: what counts is the newest state, not the number of changes.
 */
export class Coalesced {
  private running?: Promise<void>;
  private isRequested = false;

  /** The task must not reject. */
  constructor(private readonly task: () => Promise<void>) {}

  request(): void {
    this.isRequested = true;
    this.running ??= this.drain();
  }

  /** Resolves once nothing runs any more. */
  async idle(): Promise<void> {
    await this.running;
  }

  private async drain(): Promise<void> {
    while (this.isRequested) {
      this.isRequested = false;
      await this.task();
    }
    this.running = undefined;
  }
}
