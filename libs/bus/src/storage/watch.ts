// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { isMissing } from './ensure.js';
import { startSession, type WatchSource } from './watch-session.js';

const RETRY_MS = 250;
const logger = new Logger('Watch');

/** What a watch tells. */
export type StateChange<T> =
  | { kind: 'put'; key: string; value: T; revision: number; at: Date }
  | { kind: 'deleted'; key: string; revision: number; at: Date }
  /**
   * Everything that was there when the watch began has been told. After an interruption all of
   * it is told again, ending with this once more: a key that was not told is gone.
   */
  | { kind: 'current' };

/** Session after session: each begins with all there is, and ends when the server is in doubt. */
export async function* watchStates<T>(
  source: WatchSource,
  create: () => Promise<void>,
): AsyncGenerator<StateChange<T>> {
  let problem = '';
  while (!isOver(source)) {
    try {
      yield* startSession<T>(source);
      problem = '';
    } catch (error) {
      const obstacle = isMissing(error) ? await failureOf(create) : error;
      if (!obstacle) continue;
      const message = obstacle instanceof Error ? obstacle.message : String(obstacle);
      if (message !== problem) logger.warn(`${source.name}/${source.key}: ${message}`);
      problem = message;
      await delay(RETRY_MS, undefined, { signal: source.signal }).catch(() => undefined);
    }
  }
}

const isOver = ({ connection, signal }: { connection: NatsConnection; signal?: AbortSignal }) =>
  signal?.aborted || connection.isClosed() || connection.isDraining();

const failureOf = (create: () => Promise<void>): Promise<unknown> =>
  create().catch((error: unknown) => error);
