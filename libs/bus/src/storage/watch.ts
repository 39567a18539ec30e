// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { mayBeMissing } from './ensure.js';
import { startKeySession } from './key-session.js';
import type { StateChange } from './state-change.js';
import { startSession } from './watch-session.js';
import { isOver, type WatchSource } from './watch-source.js';

const RETRY_MS = 250;
const logger = new Logger('Watch');

/** Session after session: each begins with all there is, and ends when the server is in doubt. */
export async function* watchStates<T>(
  source: WatchSource<T>,
  create: () => Promise<void>,
): AsyncGenerator<StateChange<T>> {
  const start = source.key === '>' ? startSession<T> : startKeySession<T>;
  let problem = '';
  while (!isOver(source)) {
    try {
      yield* start(source);
      source.interrupted?.();
      problem = '';
    } catch (error) {
      source.interrupted?.();
      const obstacle = mayBeMissing(error) ? await failureOf(create) : error;
      if (!obstacle) continue;
      const message = obstacle instanceof Error ? obstacle.message : String(obstacle);
      if (message !== problem) logger.warn(`${source.name}/${source.key}: ${message}`);
      problem = message;
      await delay(RETRY_MS, undefined, { signal: source.signal }).catch(() => undefined);
    }
  }
}

const failureOf = (create: () => Promise<void>): Promise<unknown> =>
  create().catch((error: unknown) => error);
