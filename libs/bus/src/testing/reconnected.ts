// SPDX-License-Identifier: Apache-2.0
import type { NatsConnection } from '@nats-io/transport-node';

/** Waits until a connection, lost after this was called, is there again. */
export async function reconnected(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) if (type === 'reconnect') return;
}
