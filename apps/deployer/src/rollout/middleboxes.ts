// SPDX-License-Identifier: Apache-2.0
import { type Buckets, Loop, Mirror } from '@l45/bus';
import type { MiddleboxDesiredState, Prepared } from '@l45/contracts';
import type { MiddleboxesRepository } from '../storage/middleboxes.repository.js';

/** What the middlebox service says of deployments: nobody speaks what a middlebox can't read. */
export class Middleboxes {
  readonly #registered: Mirror<MiddleboxDesiredState>;
  readonly #prepared: Mirror<Prepared>;
  readonly #loop = new Loop(Middleboxes.name, () => this.#remember());
  /** A store that is lost takes keys with it; whoever is unregistered is deleted. */
  readonly #deleted = new Set<string>();
  /** All that there are, as the database has it. */
  #names?: string[];

  constructor(
    buckets: Buckets,
    private readonly repository: Pick<MiddleboxesRepository, 'change'>,
    private readonly changed: () => void,
  ) {
    this.#registered = new Mirror(buckets.middleboxDesired, (name) => this.#hear(name));
    this.#prepared = new Mirror(buckets.prepared, changed);
  }

  follow(): void {
    this.#registered.follow();
    this.#prepared.follow();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#registered.stop(), this.#prepared.stop()]);
    await this.#loop.stop();
  }

  /** Whether all that the bus has is known. */
  get known(): boolean {
    return this.#names !== undefined && this.#prepared.current;
  }

  /** Which middleboxes can't read a deployment yet, and why. Where there are none, all is read. */
  unreadBy(deployment: string): string | undefined {
    if (!this.#names?.length) return undefined;
    const prepared = this.#prepared.entries.get(deployment)?.value;
    if (!prepared) return 'the middlebox service has not answered yet';
    const waiting = prepared.waiting.map(({ middlebox, reason }) => `${middlebox}: ${reason}`);
    return waiting.length ? waiting.join('; ') : undefined;
  }

  #hear(name: string | undefined): void {
    if (name !== undefined && !this.#registered.entries.has(name)) this.#deleted.add(name);
    if (this.#registered.current) this.#loop.trigger();
  }

  async #remember(): Promise<void> {
    const added = [...this.#registered.entries.keys()];
    const removed = [...this.#deleted].filter((name) => !added.includes(name));
    this.#names = await this.repository.change({ added, removed });
    for (const name of removed) this.#deleted.delete(name);
    this.changed();
  }
}
