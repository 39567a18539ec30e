// SPDX-License-Identifier: Apache-2.0
import { type Buckets, Mirror } from '@l45/bus';
import type { MiddleboxDesiredState, Prepared } from '@l45/contracts';

/** What the middlebox service says of deployments: nobody speaks what a middlebox can't read. */
export class Middleboxes {
  readonly #registered: Mirror<MiddleboxDesiredState>;
  readonly #prepared: Mirror<Prepared>;
  /** A store that is lost takes keys with it; whoever is unregistered is deleted. */
  readonly #names = new Set<string>();

  constructor(buckets: Buckets, changed: () => void) {
    this.#registered = new Mirror(buckets.middleboxDesired, (name) => {
      this.#note(name);
      changed();
    });
    this.#prepared = new Mirror(buckets.prepared, changed);
  }

  follow(): void {
    this.#registered.follow();
    this.#prepared.follow();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#registered.stop(), this.#prepared.stop()]);
  }

  /** Whether all that the bus has is known. */
  get known(): boolean {
    return this.#registered.current && this.#prepared.current;
  }

  /** Which middleboxes can't read a deployment yet, and why. Where there are none, all is read. */
  unreadBy(deployment: string): string | undefined {
    if (this.#names.size === 0) return undefined;
    const prepared = this.#prepared.entries.get(deployment)?.value;
    if (!prepared) return 'the middlebox service has not answered yet';
    const waiting = prepared.waiting.map(({ middlebox, reason }) => `${middlebox}: ${reason}`);
    return waiting.length ? waiting.join('; ') : undefined;
  }

  #note(name: string | undefined): void {
    const { entries } = this.#registered;
    if (name === undefined) for (const each of entries.keys()) this.#names.add(each);
    else if (entries.has(name)) this.#names.add(name);
    else this.#names.delete(name);
  }
}
