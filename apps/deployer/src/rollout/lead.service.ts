// SPDX-License-Identifier: Apache-2.0
import { Loop } from '@l45/bus';
import { Transactions } from '@l45/cib';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { randomUUID } from 'node:crypto';

const TASK = 'rounds';
/** How long a replica that ended without a word is waited for. */
const LEASE_MS = 3_000;
const RENEW_MS = 1_000;

const TAKE = `
  INSERT INTO deployer.lead AS held (task, replica, until)
  VALUES ($1, $2, clock_timestamp() + $3 * interval '1 ms')
  ON CONFLICT (task) DO UPDATE SET replica = excluded.replica, until = excluded.until
  WHERE held.replica = excluded.replica OR held.until < clock_timestamp()
  RETURNING task`;
const LEAVE = 'DELETE FROM deployer.lead WHERE task = $1 AND replica = $2';

/**
 * Which replica follows the fleet, so that the others need not do the same. It is a matter of
 * work alone: whatever is decided is decided in turn, so two that lead for a moment do no harm.
 */
@Injectable()
export class Lead implements OnModuleDestroy {
  readonly #replica = randomUUID();
  readonly #loop = new Loop(Lead.name, () => this.#renew());
  #until = 0;
  #timer?: NodeJS.Timeout;
  #taken: () => void = () => undefined;

  constructor(private readonly transactions: Transactions) {}

  /** Whether it is this one. */
  get isOurs(): boolean {
    return performance.now() < this.#until;
  }

  /** Stands for it from now on; `taken` is called whenever it has become ours. */
  stand(taken: () => void): void {
    this.#taken = taken;
    this.#timer = setInterval(() => this.#loop.trigger(), RENEW_MS);
    this.#loop.trigger();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#loop.stop();
    if (!this.isOurs) return;
    this.#until = 0;
    // Without a database it is over soon all the same.
    await this.transactions
      .run((manager) => manager.query(LEAVE, [TASK, this.#replica]))
      .catch(() => undefined);
  }

  async #renew(): Promise<void> {
    const { isOurs: wasOurs } = this;
    // Counted from before the answer: it may have been ours for a while by then.
    const until = performance.now() + LEASE_MS;
    const rows = await this.transactions.run<unknown[]>((manager) =>
      manager.query(TAKE, [TASK, this.#replica, LEASE_MS]),
    );
    this.#until = rows.length ? until : 0;
    if (this.isOurs && !wasOurs) this.#taken();
  }
}
