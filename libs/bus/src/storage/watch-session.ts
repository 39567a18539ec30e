// SPDX-License-Identifier: Apache-2.0
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { createInbox, millis, nanos, nuid } from '@nats-io/transport-node';
import { onStatus } from '../connection.js';
import { type StateChange, stateChange, type Stored } from './state-change.js';
import type { WatchSource } from './watch-source.js';

const HEARTBEAT_MS = 1_000;
const INACTIVE_MS = 10_000;

/**
 * What a bucket has and its changes, over one ephemeral push consumer, whose creation is the only
 * permission it needs. Returns as soon as something may have been missed.
 */
export async function* startSession<T>(source: WatchSource<T>): AsyncGenerator<StateChange<T>> {
  const { connection, name, keyOf } = source;
  const config = consumerConfig(source);
  const consumer = await jetstream(connection).consumers.getBoundPushConsumer(config);
  const messages = await consumer.consume();
  const release = stopWhenInDoubt(messages, source);
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const { num_pending, delivered } = await manager.consumers.add(`KV_${name}`, config);
    const initial = num_pending + delivered.consumer_seq;
    let told = 0;
    if (initial === 0) yield { kind: 'current' };
    for await (const message of messages) {
      if (message.info.deliverySequence !== ++told) return;
      yield stateChange(name, stored(message, `$KV.${name}.`), keyOf);
      if (told === initial) yield { kind: 'current' };
    }
  } finally {
    release();
    messages.stop();
  }
}

const consumerConfig = ({ name, key, inboxPrefix }: WatchSource<never>) =>
  ({
    name: `watch_${nuid.next()}`,
    filter_subject: `$KV.${name}.${key}`,
    deliver_policy: DeliverPolicy.LastPerSubject,
    deliver_subject: createInbox(inboxPrefix),
    ack_policy: AckPolicy.None,
    flow_control: true,
    idle_heartbeat: nanos(HEARTBEAT_MS),
    inactive_threshold: nanos(INACTIVE_MS),
    mem_storage: true,
  }) satisfies Partial<ConsumerConfig>;

function stopWhenInDoubt(
  messages: ConsumerMessages,
  { connection, signal, interrupted }: WatchSource<never>,
): () => void {
  const stop = () => messages.stop();
  signal?.addEventListener('abort', stop, { once: true });
  const release = onStatus(connection, ({ type }) => {
    if (type === 'disconnect') interrupted?.();
    if (type === 'reconnect') stop();
  });
  void (async () => {
    for await (const { type } of messages.status()) if (type === 'heartbeats_missed') stop();
  })();
  return () => {
    signal?.removeEventListener('abort', stop);
    release();
  };
}

function stored({ subject, info, headers, data }: JsMsg, prefix: string): Stored {
  const at = new Date(millis(info.timestampNanos));
  return { key: subject.slice(prefix.length), revision: info.streamSequence, at, headers, data };
}
