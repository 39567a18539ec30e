// SPDX-License-Identifier: Apache-2.0
import { EVENT_STREAM } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { EventPublisher } from './events.js';
import { startNats } from './testing/index.js';

it('events - are stored in the stream, which is created when missing, once and again', async () => {
  const nats = await startNats();
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  const events = new EventPublisher(connection);
  const host = { host: 'client', online: true };

  await events.publish('monitor.host', host);
  const stored = await manager.streams.getMessage(EVENT_STREAM, {
    last_by_subj: 'l45.events.monitor.host',
  });
  expect(stored?.json()).toEqual(host);

  await manager.streams.delete(EVENT_STREAM);
  await events.publish('monitor.host', host);
  expect((await manager.streams.info(EVENT_STREAM)).state.messages).toBe(1);

  await connection.close();
  await nats.stop();
});
