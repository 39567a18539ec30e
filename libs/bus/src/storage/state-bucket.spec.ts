// SPDX-License-Identifier: Apache-2.0
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { type NatsServer, reconnected, startNats } from '../testing/index.js';
import { StateBucket } from './state-bucket.js';
import type { StateChange } from './state-change.js';

jest.setTimeout(30_000);

interface State {
  revision: number;
}

/** Takes changes until one is like this. */
async function until(
  watch: AsyncIterator<StateChange<State>>,
  like: Partial<Record<'kind' | 'key', string>> & { value?: State },
): Promise<StateChange<State>[]> {
  const seen: StateChange<State>[] = [];
  for (;;) {
    const { value, done } = await watch.next();
    if (done) throw new Error('the watch ended');
    seen.push(value);
    const matches = (expect as jest.Expect).objectContaining(like) as {
      asymmetricMatch(other: unknown): boolean;
    };
    if (matches.asymmetricMatch(value)) return seen;
  }
}

describe('StateBucket', () => {
  let nats: NatsServer;
  let connection: NatsConnection;
  let bucket: StateBucket<State>;
  let end: AbortController;

  beforeEach(async () => {
    nats = await startNats();
    connection = await connect({
      servers: nats.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
    });
    bucket = new StateBucket(connection, 'states', { create: true });
    end = new AbortController();
  });

  afterEach(async () => {
    end.abort();
    await connection.close();
    await nats.stop();
  });

  const watch = (key?: string) => bucket.watch(key, end.signal)[Symbol.asyncIterator]();

  it('tells what there is, that this was all, and then what changes', async () => {
    await bucket.put('a', { revision: 1 });
    await bucket.put('a', { revision: 2 });
    await bucket.put('b', { revision: 3 });
    const changes = watch();
    expect(await until(changes, { kind: 'current' })).toMatchObject([
      { kind: 'put', key: 'a', value: { revision: 2 }, revision: 2 },
      { kind: 'put', key: 'b', value: { revision: 3 }, revision: 3 },
      { kind: 'current' },
    ]);
    await bucket.delete('a');
    const [deleted] = await until(changes, { kind: 'deleted' });
    expect(deleted).toEqual({ kind: 'deleted', key: 'a', revision: 4, at: expect.any(Date) });
  });

  it('says at once that there is nothing, and watches only the key asked for', async () => {
    const changes = watch('a');
    expect(await until(changes, { kind: 'current' })).toHaveLength(1);
    await bucket.put('b', { revision: 1 });
    await bucket.put('a', { revision: 2 });
    expect(await until(changes, { kind: 'put' })).toMatchObject([{ key: 'a' }]);
  });

  it('refuses to overwrite a revision that it was not told to', async () => {
    const first = await bucket.put('a', { revision: 1 }, 0);
    await expect(bucket.put('a', { revision: 1 }, 0)).rejects.toMatchObject({ name: 'CONFLICT' });
    const second = await bucket.put('a', { revision: 2 }, first);
    await expect(bucket.put('a', { revision: 3 }, first)).rejects.toMatchObject({ code: 409 });
    expect(await bucket.put('a', { revision: 3 }, second)).toBeGreaterThan(second);
  });

  it.each(['>', 'b'])('says of %s what is not JSON, or of another key', async (key) => {
    const keyOf = ({ revision }: State) => `key-${revision}`;
    const strict = new StateBucket<State>(connection, 'states', { create: true, keyOf });
    await strict.put('key-1', { revision: 1 });
    await connection.request('$KV.states.b', 'not JSON');
    const changes = strict.watch(key, end.signal)[Symbol.asyncIterator]();
    const told = await until(changes, { kind: 'current' });
    expect(told.at(-2)).toMatchObject({ kind: 'invalid', key: 'b', revision: 2 });
    for (const value of ['null', '1', '{"revision":1}']) {
      await connection.request('$KV.states.b', value);
      expect(await until(changes, { key: 'b' })).toMatchObject([{ kind: 'invalid' }]);
    }
  });

  it('keeps all other keys, whatever who writes one asks for', async () => {
    await bucket.put('a', { revision: 1 });
    for (const extent of ['all', 'sub']) {
      const rollup = headers();
      rollup.set('Nats-Rollup', extent);
      const answer = await connection.request('$KV.states.b', '{}', {
        headers: rollup,
        timeout: 5_000,
      });
      expect(answer.string()).toContain('rollup not permitted');
    }
    expect(await until(watch(), { kind: 'current' })).toHaveLength(2);
  });

  it('notices a change of one key of which the server told nobody', async () => {
    await (
      await jetstreamManager(connection)
    ).streams.add({
      name: 'KV_states',
      subjects: ['$KV.states.>'],
      max_msgs_per_subject: 1,
      allow_direct: true,
    });
    const changes = watch('a');
    await until(changes, { kind: 'current' });
    await bucket.put('a', { revision: 1 });
    expect(await until(changes, { key: 'a' })).toMatchObject([{ value: { revision: 1 } }]);
  });

  it.each(['>', 'a'])('goes on after a restart of the server with %s', async (key) => {
    await bucket.put('a', { revision: 1 });
    const changes = watch(key);
    await until(changes, { kind: 'current' });
    const back = reconnected(connection);
    await nats.kill();
    await nats.restart();
    await back;
    await bucket.put('a', { revision: 2 });
    const told = await until(changes, { key: 'a', value: { revision: 2 } });
    expect(told.at(-1)).toMatchObject({ kind: 'put' });
  });

  it('goes on after the store of the server was wiped, with a bucket created anew', async () => {
    await bucket.put('a', { revision: 1 });
    const changes = watch();
    await until(changes, { kind: 'current' });
    await nats.restart({ wipe: true });
    expect(await until(changes, { kind: 'current' })).toEqual([{ kind: 'current' }]);
    await bucket.put('a', { revision: 2 });
    expect(await until(changes, { key: 'a' })).toMatchObject([{ revision: 1 }]);
  });

  it.each(['>', 'a'])('goes on with %s after the bucket was deleted meanwhile', async (key) => {
    await bucket.put('a', { revision: 1 });
    const changes = watch(key);
    await until(changes, { kind: 'current' });
    await (await jetstreamManager(connection)).streams.delete('KV_states');
    expect(await until(changes, { kind: 'current' })).toEqual([{ kind: 'current' }]);
    await bucket.put('a', { revision: 2 });
    await until(changes, { key: 'a', value: { revision: 2 } });
  });

  it('waits for a bucket that it may not create, and does not create it', async () => {
    const visitor = new StateBucket<State>(connection, 'states', { create: false });
    await expect(visitor.put('a', { revision: 1 })).rejects.toMatchObject({ name: 'UNAVAILABLE' });
    const changes = visitor.watch('a', end.signal)[Symbol.asyncIterator]();
    const first = until(changes, { key: 'a' });
    await bucket.put('a', { revision: 1 });
    expect((await first).at(-1)).toMatchObject({ key: 'a', value: { revision: 1 } });
  });

  it('ends when its signal aborts, or the connection is closed', async () => {
    const aborted = watch();
    const closed = bucket.watch()[Symbol.asyncIterator]();
    await until(aborted, { kind: 'current' });
    await until(closed, { kind: 'current' });
    end.abort();
    expect(await aborted.next()).toMatchObject({ done: true });
    await connection.drain();
    expect(await closed.next()).toMatchObject({ done: true });
  });
});
