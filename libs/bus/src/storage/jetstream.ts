// SPDX-License-Identifier: Apache-2.0
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** A client that needs no permission beyond what is asked of it, and inboxes of its user. */
export const quietJetstream = (connection: NatsConnection, inboxPrefix?: string): JetStreamClient =>
  jetstream(connection, { checkAPI: false, watcherPrefix: inboxPrefix });
