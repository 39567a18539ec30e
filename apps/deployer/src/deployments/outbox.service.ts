// SPDX-License-Identifier: Apache-2.0
import { EventPublisher, Loop } from '@l45/bus';
import { Transactions } from '@l45/cib';
import type { EventName, Events } from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { OutboxRow } from '../storage/outbox.entity.js';

const BATCH = 100;
/** Replicas publish in turn, so that events keep their order. */
const TURN = 'deployer outbox';

/**
 * Events are stored in the transaction that makes them true, and published after it: whoever dies
 * in between leaves them to the next one. An event published twice is stored once by the stream.
 */
@Injectable()
export class Outbox implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(Outbox.name, () => this.#publish());

  constructor(
    private readonly transactions: Transactions,
    private readonly events: EventPublisher,
  ) {}

  onApplicationBootstrap(): void {
    this.flush();
  }

  onModuleDestroy(): Promise<void> {
    return this.#loop.stop();
  }

  async add<Name extends EventName>(
    manager: EntityManager,
    event: Name,
    payload: Events[Name],
  ): Promise<void> {
    await manager.insert(OutboxRow, { event, payload });
  }

  /** Keeps nobody waiting. */
  flush(): void {
    this.#loop.trigger();
  }

  async #publish(): Promise<void> {
    while ((await this.#publishBatch()) === BATCH);
  }

  #publishBatch(): Promise<number> {
    return this.transactions.exclusively(TURN, async (manager) => {
      const rows = await manager.find(OutboxRow, { order: { id: 'ASC' }, take: BATCH });
      for (const { id, event, payload } of rows) {
        await this.events.publish(event, payload as Events[typeof event], `deployer ${id}`);
      }
      if (rows.length)
        await manager.delete(
          OutboxRow,
          rows.map(({ id }) => id),
        );
      return rows.length;
    });
  }
}
