// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DataSource, type EntityManager } from 'typeorm';
import { isUnavailable } from './unavailable.js';

/** Longer than a restart of the server takes, shorter than a client waits for an answer by default. */
const RETRY_FOR_MS = 3_000;
const RETRY_MS = 100;

@Injectable()
export class Transactions {
  constructor(private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in a transaction; again, while the database is away. `work` must be safe to
   * repeat even after it was committed: the answer to COMMIT is what may have been lost.
   */
  async run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const giveUp = Date.now() + RETRY_FOR_MS;
    for (;;) {
      try {
        return await this.dataSource.transaction(work);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        if (Date.now() > giveUp) throw unavailable(error);
      }
      await delay(RETRY_MS);
    }
  }

  /** The same, one at a time among all replicas: those with the same `turn` follow each other. */
  exclusively<T>(turn: string, work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.run(async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtext('l45'), hashtext($1))`, [turn]);
      return work(manager);
    });
  }
}

export const unavailable = (cause: unknown): L45Error =>
  new L45Error('UNAVAILABLE', 'the database does not answer; try again', [], { cause });
