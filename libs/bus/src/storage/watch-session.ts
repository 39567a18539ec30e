// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import {
  AckPolicy,
  type ConsumerConfig,
  type ConsumerMessages,
  DeliverPolicy,
  jetstream,
  jetstreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import {
  createInbox,
  millis,
  nanos,
  type NatsConnection,
  nuid,
  type QueuedIterator,
  type Status,
} from '@nats-io/transport-node';
import type { StateChange } from './watch.js';

const HEARTBEAT_MS = 1_000;
const INACTIVE_MS = 10_000;
const logger = new Logger('Watch');

export interface WatchSource {
  connection: NatsConnection;
  /** Of the bucket. */
  name: string;
  key: string;
  inboxPrefix?: string;
  signal?: AbortSignal;
}

/**
 * What a bucket has and its changes, over one ephemeral push consumer, whose creation is the only
 * permission it needs. Returns as soon as something may have been missed.
 */
export async function* startSession<T>(source: WatchSource): AsyncGenerator<StateChange<T>> {
  const { connection, name } = source;
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
      const change = changeOf<T>(message, `$KV.${name}.`);
      if (change) yield change;
      if (told === initial) yield { kind: 'current' };
    }
  } finally {
    release();
    messages.stop();
  }
}

const consumerConfig = ({ name, key, inboxPrefix }: WatchSource) =>
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
  { connection, signal }: WatchSource,
): () => void {
  const stop = () => messages.stop();
  const status = connection.status() as QueuedIterator<Status>;
  signal?.addEventListener('abort', stop, { once: true });
  void (async () => {
    for await (const { type } of status) if (type === 'reconnect') stop();
  })();
  void (async () => {
    for await (const { type } of messages.status()) if (type === 'heartbeats_missed') stop();
  })();
  return () => {
    signal?.removeEventListener('abort', stop);
    status.stop();
  };
}

function changeOf<T>(message: JsMsg, prefix: string): StateChange<T> | undefined {
  const key = message.subject.slice(prefix.length);
  const { streamSequence: revision, timestampNanos } = message.info;
  const at = new Date(millis(timestampNanos));
  if (message.headers?.get('KV-Operation')) return { kind: 'deleted', key, revision, at };
  try {
    return { kind: 'put', key, value: message.json<T>(), revision, at };
  } catch {
    logger.error(`${message.subject} is passed over: its value is not JSON`);
    return undefined;
  }
}
