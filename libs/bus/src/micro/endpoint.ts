// SPDX-License-Identifier: Apache-2.0
import type { EndpointContract, L45Error } from '@l45/contracts';
import { jsonSchema } from '@l45/contracts';
import { durations } from '@l45/telemetry';
import type { Attributes } from '@opentelemetry/api';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { traceReceive } from '../tracing.js';
import { isAnswerable } from './answer.js';
import { type EndpointInfo, type EndpointStats, QUEUE_GROUP } from './protocol.js';

/** Answers a message; the error is what it was answered with, if it was refused. */
export type Answer = (message: Msg) => Promise<L45Error | undefined>;

/** One subject that a service answers, with its statistics. */
export class Endpoint {
  readonly info: EndpointInfo;
  readonly #durations = durations('l45.request.duration', 'From a request to its answer');
  readonly #attributes: Attributes;
  /** The subject without the host that it may be for. */
  readonly #operation: string;
  readonly #inFlight = new Set<Promise<void>>();
  #subscription?: Subscription;
  #requests = 0;
  #errors = 0;
  #lastError = '';
  #nanoseconds = 0;

  constructor(
    contract: EndpointContract<object, unknown>,
    subject: string,
    private readonly answer: Answer,
  ) {
    const { service, verb, summary, request } = contract;
    this.#operation = contract.subject;
    this.#attributes = { 'l45.service': service, 'l45.verb': verb };
    this.info = {
      name: verb,
      subject,
      queue_group: QUEUE_GROUP,
      metadata: Object.freeze({
        description: summary,
        request_schema: JSON.stringify(jsonSchema(request)),
      }),
    };
  }

  get stats(): EndpointStats {
    const { name, subject, queue_group } = this.info;
    return {
      name,
      subject,
      queue_group,
      num_requests: this.#requests,
      num_errors: this.#errors,
      last_error: this.#lastError,
      processing_time: this.#nanoseconds,
      average_processing_time: Math.round(this.#nanoseconds / Math.max(this.#requests, 1)),
    };
  }

  start(connection: NatsConnection): void {
    this.#subscription = connection.subscribe(this.info.subject, {
      queue: QUEUE_GROUP,
      callback: (error, message) => {
        if (!error && isAnswerable(message)) this.#receive(message);
      },
    });
  }

  /** Takes no more requests, and resolves once those taken are answered. */
  async drain(): Promise<void> {
    await this.#subscription?.drain();
    await Promise.all(this.#inFlight);
  }

  #receive(message: Msg): void {
    const answered = traceReceive(this.#operation, message.headers, () =>
      this.#process(message),
    ).finally(() => this.#inFlight.delete(answered));
    this.#inFlight.add(answered);
  }

  async #process(message: Msg): Promise<void> {
    const started = process.hrtime.bigint();
    const error = await this.answer(message);
    const nanoseconds = Number(process.hrtime.bigint() - started);
    this.#nanoseconds += nanoseconds;
    this.#requests++;
    const attributes = error ? { ...this.#attributes, 'error.type': error.name } : this.#attributes;
    this.#durations.record(nanoseconds / 1e9, attributes);
    if (!error) return;
    this.#errors++;
    this.#lastError = `${error.code}:${error.message}`;
  }
}
