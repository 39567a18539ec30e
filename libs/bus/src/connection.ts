// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import {
  type ConnectionOptions,
  connect as dial,
  credsAuthenticator,
  errors,
  type NatsConnection,
  type QueuedIterator,
  type Status,
} from '@nats-io/transport-node';
import { readFile } from 'node:fs/promises';
import type { BusConfig } from './bus.config.js';

export const NATS = Symbol('NATS');

/** Connecting may take this long before it is worth a word. */
const PATIENCE_MS = 2_000;
const CLOSE_MS = 2_000;

const logger = new Logger('Nats');

type NatsAccess = Pick<BusConfig, 'NATS_URL' | 'NATS_CREDS' | 'NATS_CA' | 'NATS_CERT' | 'NATS_KEY'>;

/** Connects, however long no server is there, and stays connected through its restarts. */
export async function connect(
  { NATS_URL, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY }: NatsAccess,
  /** An authenticator is used in place of NATS_CREDS. */
  options: Pick<ConnectionOptions, 'name' | 'inboxPrefix' | 'authenticator' | 'waitOnFirstConnect'>,
): Promise<NatsConnection> {
  const impatient = setTimeout(
    () => logger.warn(`waiting for a NATS server at ${NATS_URL} (NATS_URL)`),
    PATIENCE_MS,
  );
  try {
    const connection = await dial({
      servers: NATS_URL.split(','),
      authenticator:
        NATS_CREDS && !options.authenticator
          ? credsAuthenticator(await readFile(NATS_CREDS))
          : undefined,
      // Given either file, nothing is said before TLS is established.
      tls:
        NATS_CA || NATS_CERT
          ? { caFile: NATS_CA, certFile: NATS_CERT, keyFile: NATS_KEY }
          : undefined,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 200,
      // A stack for each request, in case that it fails: a tenth of what an agent does.
      noAsyncTraces: true,
      ...options,
    });
    logger.log(`connected to ${connection.getServer()}`);
    logStatus(connection);
    return connection;
  } finally {
    clearTimeout(impatient);
  }
}

/** Sends what is still to be sent, then closes; while there is no server, just closes. */
export async function disconnect(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  const timer = setTimeout(() => void connection.close(), CLOSE_MS);
  await connection.drain().catch(() => connection.close());
  clearTimeout(timer);
}

/** Tells what becomes of a connection until it is closed, or what is returned was called. */
export function onStatus(connection: NatsConnection, handle: (status: Status) => void): () => void {
  const statuses = connection.status() as QueuedIterator<Status>;
  void (async () => {
    for await (const status of statuses) handle(status);
  })();
  return () => statuses.stop();
}

/** Logs what becomes of a connection. */
export const logStatus = (connection: NatsConnection) => onStatus(connection, report);

function report(status: Status): void {
  switch (status.type) {
    case 'disconnect':
      return logger.warn(`connection to ${status.server} lost; trying again`);
    case 'reconnect':
      return logger.log(`connected to ${status.server} again`);
    case 'slowConsumer':
      return logger.warn(`${status.pending} messages of ${status.sub.getSubject()} wait`);
    case 'error':
      return logger.error(explain(status.error));
  }
}

function explain(error: Error): string {
  if (error instanceof errors.PermissionViolationError) {
    const verb = error.operation === 'publish' ? 'publish to' : 'subscribe to';
    return `permission to ${verb} "${error.subject}" is missing: add it to this service's NATS user`;
  }
  if (error instanceof errors.AuthorizationError) {
    return 'the NATS server does not accept this user: check NATS_CREDS';
  }
  return error.message;
}
