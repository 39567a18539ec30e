// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { Logger } from '@nestjs/common';
import { headers, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { ERROR_CODE_HEADER, ERROR_HEADER } from './protocol.js';

const HEADER_LENGTH = 512;
const logger = new Logger('Bus');

/**
 * Whether somebody waits in an inbox, or nobody does. Whoever asks chooses where the answer goes:
 * else it could be a command or a state, which we may write and who asks may not.
 */
export const isAnswerable = ({ reply }: Msg): boolean => !reply || reply.startsWith('_INBOX.');

/** Sends an answer as JSON; a method without a result answers `{}`. */
export function respond(connection: NatsConnection, message: Msg, reply: unknown): void {
  const payload = Buffer.from(JSON.stringify(reply ?? {}));
  const limit = connection.info?.max_payload ?? Infinity;
  if (payload.length > limit) {
    throw new L45Error(
      'TOO_LARGE',
      `the answer has ${payload.length} bytes, the NATS server takes ${limit}: ask for less, or raise its max_payload`,
    );
  }
  message.respond(payload);
}

/** Answers with an error, by ADR-32, and with our body. */
export function respondError(message: Msg, error: L45Error): void {
  const carrier = headers();
  carrier.set(ERROR_CODE_HEADER, String(error.code));
  carrier.set(ERROR_HEADER, error.message.replace(/\s+/g, ' ').slice(0, HEADER_LENGTH));
  message.respond(JSON.stringify(error.toBody()), { headers: carrier });
}

/** What may be shown of an error; what may not is logged. */
export function readable(error: unknown): L45Error {
  if (error instanceof L45Error) return error;
  logger.error(error);
  return new L45Error('INTERNAL', 'an unexpected error; the log of the service has its cause');
}
