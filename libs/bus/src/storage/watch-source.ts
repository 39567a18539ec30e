// SPDX-License-Identifier: Apache-2.0
import type { NatsConnection } from '@nats-io/transport-node';
import type { KeyOf } from './state-change.js';

export interface WatchSource<T> {
  connection: NatsConnection;
  /** Of the bucket. */
  name: string;
  /** One key, or `>` for all. */
  key: string;
  /** Absent: values name no key. */
  keyOf?: KeyOf<T>;
  inboxPrefix?: string;
  signal?: AbortSignal;
  /** Called when changes may happen that are told of only later. */
  interrupted?: () => void;
}

/** Whether nobody watches any more. */
export const isOver = ({ connection, signal }: WatchSource<never>): boolean =>
  signal?.aborted || connection.isClosed() || connection.isDraining();
