// SPDX-License-Identifier: Apache-2.0
import {
  agentSubject,
  type EndpointContract,
  type ErrorBody,
  ERRORS,
  L45Error,
} from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { errors, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { NATS } from './connection.js';
import { ERROR_CODE_HEADER, ERROR_HEADER } from './micro/protocol.js';
import { traceSend } from './tracing.js';

const TIMEOUT_MS = 5_000;

export interface RequestOptions {
  /** Default: 5 seconds, and for a request with `wait` so much more. */
  timeoutMs?: number;
  /** The host whose agent is asked. */
  host?: string;
}

/** Asks other services. */
@Injectable()
export class BusClient {
  constructor(@Inject(NATS) private readonly connection: NatsConnection) {}

  /** The answer, or an `L45Error`: the service's own, or TIMEOUT or UNAVAILABLE. */
  async request<Request extends object, Reply>(
    contract: EndpointContract<Request, Reply>,
    request: Request,
    { timeoutMs = timeoutOf(request), host }: RequestOptions = {},
  ): Promise<Reply> {
    const subject = subjectOf(contract, host);
    return traceSend(contract.subject, async (headers) => {
      const answer = await this.connection
        .request(subject, JSON.stringify(request), { timeout: timeoutMs, headers })
        .catch((error: unknown) => {
          throw sendError(error, subject, timeoutMs);
        });
      if (answer.headers?.has(ERROR_CODE_HEADER)) throw answerError(answer);
      return answer.json<Reply>();
    });
  }
}

function subjectOf(contract: EndpointContract<object, unknown>, host?: string): string {
  if (contract.service !== 'agent') return contract.subject;
  if (!host) throw new TypeError(`${contract.subject} needs the name of a host`);
  return agentSubject(contract, host);
}

const timeoutOf = (request: { wait?: unknown }): number =>
  TIMEOUT_MS + (typeof request.wait === 'number' ? request.wait * 1_000 : 0);

function sendError(cause: unknown, subject: string, timeoutMs: number): unknown {
  if (!(cause instanceof Error)) return cause;
  const fail = (name: 'TIMEOUT' | 'UNAVAILABLE' | 'TOO_LARGE', message: string) =>
    new L45Error(name, message, [], { cause });
  if (cause instanceof errors.RequestError && cause.isNoResponders()) {
    return fail('UNAVAILABLE', `nobody answers ${subject}: start the service and ask again`);
  }
  if (cause instanceof errors.TimeoutError) {
    return fail('TIMEOUT', `${subject} did not answer within ${timeoutMs / 1_000} s: ask again`);
  }
  if (cause instanceof errors.InvalidArgumentError) {
    return fail('TOO_LARGE', `the request to ${subject} exceeds the NATS server's max_payload`);
  }
  return fail('UNAVAILABLE', `${subject} cannot be asked: ${cause.message}`);
}

function answerError(answer: Msg): L45Error {
  try {
    const { error } = answer.json<ErrorBody>();
    if (error.name in ERRORS) return L45Error.fromBody({ error });
  } catch {
    // Somebody else's error, without our body.
  }
  return new L45Error('INTERNAL', answer.headers?.get(ERROR_HEADER) ?? 'error without a message');
}
