// SPDX-License-Identifier: Apache-2.0
import type { EndpointContract, L45Error } from '@l45/contracts';
import { jsonSchema } from '@l45/contracts';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { type EndpointInfo, type EndpointStats, QUEUE_GROUP } from './protocol.js';

/** Answers a message; the error is what it was answered with, if it was refused. */
export type Answer = (message: Msg) => Promise<L45Error | undefined>;

/** One subject that a service answers, with its statistics. */
export class Endpoint {
  readonly info: EndpointInfo;
  readonly #inFlight = new Set<Promise<void>>();
  #subscription?: Subscription;
  #requests = 0;
  #errors = 0;
  #lastError = '';
  #nanoseconds = 0;

  constructor(
    { verb, summary, request }: EndpointContract<object, unknown>,
    subject: string,
    private readonly answer: Answer,
  ) {
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
        if (!error) this.#receive(message);
      },
    });
  }

  /** Takes no more requests, and resolves once those taken are answered. */
  async drain(): Promise<void> {
    await this.#subscription?.drain();
    await Promise.all(this.#inFlight);
  }

  #receive(message: Msg): void {
    const answered = this.#process(message).finally(() => this.#inFlight.delete(answered));
    this.#inFlight.add(answered);
  }

  async #process(message: Msg): Promise<void> {
    const started = process.hrtime.bigint();
    const error = await this.answer(message);
    this.#nanoseconds += Number(process.hrtime.bigint() - started);
    this.#requests++;
    if (!error) return;
    this.#errors++;
    this.#lastError = `${error.code}:${error.message}`;
  }
}
