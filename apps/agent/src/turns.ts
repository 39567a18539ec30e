// SPDX-License-Identifier: Apache-2.0

/** Work that is done one at a time, in the order in which it comes. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Begins when what came before has ended, well or not. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.last.then(work);
    this.last = done.catch(() => undefined);
    return done;
  }
}
