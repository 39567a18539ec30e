// SPDX-License-Identifier: Apache-2.0
import { EVENT_PREFIX, EVENT_STREAM } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';

const DAY_MS = 86_400_000;
const KEPT_DAYS = 7;
const KEPT_EVENTS = 100_000;

/** Makes the stream of all events when there is none. */
export async function createEventStream(connection: NatsConnection): Promise<void> {
  const { streams } = await jetstreamManager(connection);
  await streams.add({
    name: EVENT_STREAM,
    subjects: [`${EVENT_PREFIX}.>`],
    storage: 'file',
    max_age: nanos(KEPT_DAYS * DAY_MS),
    max_msgs: KEPT_EVENTS,
  });
}
