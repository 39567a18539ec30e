// SPDX-License-Identifier: Apache-2.0
import { connect } from '@nats-io/transport-node';
import { eventually, startNats } from '../testing/index.js';
import { Mirror } from './mirror.js';
import { StateBucket } from './state-bucket.js';

jest.setTimeout(60_000);

it('knows since when it is told of everything, and that it is not while the server is away', async () => {
  const nats = await startNats();
  const connection = await connect({ servers: nats.url, maxReconnectAttempts: -1 });
  const bucket = new StateBucket(connection, 'states', { create: true });
  const mirror = new Mirror(bucket, () => undefined);
  expect(mirror.since).toBeUndefined();
  mirror.follow();
  const since = await eventually(() => {
    if (!mirror.since) throw new Error('it is told of nothing');
    return mirror.since;
  });
  await nats.kill();
  await eventually(() => expect(mirror.since).toBeUndefined());
  await nats.restart();
  await eventually(() => expect(mirror.since?.getTime()).toBeGreaterThan(since.getTime()));
  await mirror.stop();
  await connection.close();
  await nats.stop();
});
