// SPDX-License-Identifier: Apache-2.0
import { changeSubject } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { Alarm } from '../alarm.js';
import { onStatus } from '../connection.js';
import { type StateChange, stateChange } from './state-change.js';
import { isOver, type WatchSource } from './watch-source.js';

/** A change of which nobody told is noticed after so long. */
const POLL_MS = 10_000;
const TIMEOUT_MS = 1_000;

/**
 * What one key has and its changes. It is read whenever the server says that it has changed, and
 * from time to time. That takes no consumer: nobody can be allowed one for a single key without
 * being allowed to have it deliver to anybody.
 */
export async function* startKeySession<T>(source: WatchSource<T>): AsyncGenerator<StateChange<T>> {
  const { connection, name, key, keyOf, signal } = source;
  const alarm = new Alarm();
  const news = connection.subscribe(changeSubject(name, key), { callback: alarm.ring });
  const release = onStatus(connection, ({ type }) => {
    if (type === 'reconnect') alarm.ring();
  });
  signal?.addEventListener('abort', alarm.ring, { once: true });
  try {
    const { direct } = await jetstreamManager(connection, { checkAPI: false, timeout: TIMEOUT_MS });
    let told: number | undefined;
    for (let isFirst = true; !isOver(source); isFirst = false) {
      const message = await direct.getMessage(`KV_${name}`, { last_by_subj: `$KV.${name}.${key}` });
      if (message && message.seq !== told) {
        const { seq: revision, time: at, header: headers, data } = message;
        yield stateChange(name, { key, revision, at, headers, data }, keyOf);
      }
      told = message?.seq;
      if (isFirst) yield { kind: 'current' };
      await alarm.rung(POLL_MS);
    }
  } finally {
    news.unsubscribe();
    release();
    signal?.removeEventListener('abort', alarm.ring);
  }
}
