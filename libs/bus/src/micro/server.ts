// SPDX-License-Identifier: Apache-2.0
import { agentSubject, type EndpointContract, L45Error } from '@l45/contracts';
import { markFailed } from '@l45/telemetry';
import { Inject, Injectable } from '@nestjs/common';
import { type CustomTransportStrategy, type MessageHandler, Server } from '@nestjs/microservices';
import { type Msg, type NatsConnection, nuid } from '@nats-io/transport-node';
import { once, setMaxListeners } from 'node:events';
import { lastValueFrom } from 'rxjs';
import { BUS_TRANSPORT } from '../bus.decorator.js';
import { BUS_OPTIONS, type BusOptions, microName } from '../bus.options.js';
import { NATS } from '../connection.js';
import { parseRequest } from '../validation.js';
import { VERSION } from '../version.js';
import { readable, respond, respondError } from './answer.js';
import { Discovery } from './discovery.js';
import { Endpoint } from './endpoint.js';
import { unlessAborted } from './unless-aborted.js';

/** How long a stopping service works on the requests that it has taken. */
const DRAIN_MS = 10_000;

/**
 * Nest's transport: every method with `@Bus` is an endpoint of one NATS micro service, asked and
 * answered in plain JSON. Any number of replicas share the work.
 */
@Injectable()
export class BusServer extends Server implements CustomTransportStrategy {
  override transportId = BUS_TRANSPORT;
  readonly #deadline = new AbortController();
  #endpoints: Endpoint[] = [];
  #discovery?: Discovery;

  constructor(
    @Inject(NATS) private readonly connection: NatsConnection,
    @Inject(BUS_OPTIONS) private readonly options: BusOptions,
  ) {
    super();
    setMaxListeners(0, this.#deadline.signal);
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    const { service, host, description } = this.options;
    this.#endpoints = [...this.messageHandlers.values()].map((handler) => this.#endpoint(handler));
    this.#discovery = new Discovery(
      {
        name: microName(service),
        id: nuid.next(),
        version: VERSION,
        metadata: host ? { host } : {},
      },
      description,
      this.#endpoints,
    );
    for (const part of [...this.#endpoints, this.#discovery]) part.start(this.connection);
    await this.connection.flush();
    callback();
  }

  /** Answers what was taken, within bounds, while new requests go to other replicas. */
  async close(): Promise<void> {
    this.#discovery?.stop();
    const timer = setTimeout(() => this.#deadline.abort(stopped()), DRAIN_MS);
    await Promise.race([
      Promise.allSettled(this.#endpoints.map((endpoint) => endpoint.drain())),
      once(this.#deadline.signal, 'abort'),
    ]);
    clearTimeout(timer);
  }

  on(): never {
    throw new Error('the bus has no events: iterate over the status of its connection');
  }

  unwrap<T = NatsConnection>(): T {
    return this.connection as T;
  }

  #endpoint(handler: MessageHandler): Endpoint {
    const { contract } = handler.extras as { contract: EndpointContract<object, unknown> };
    const { host } = this.options;
    const subject = host ? agentSubject(contract, host) : contract.subject;
    return new Endpoint(contract, subject, (message) => this.#answer(contract, handler, message));
  }

  async #answer(
    contract: EndpointContract<object, unknown>,
    handler: MessageHandler,
    message: Msg,
  ): Promise<L45Error | undefined> {
    try {
      respond(this.connection, message, await this.#call(contract, handler, message));
    } catch (cause) {
      const error = readable(cause);
      markFailed(error);
      respondError(message, error);
      return error;
    }
  }

  async #call(
    contract: EndpointContract<object, unknown>,
    handler: MessageHandler,
    message: Msg,
  ): Promise<unknown> {
    const request = await parseRequest(contract.request, message.data);
    const reply = lastValueFrom(this.transformToObservable(handler(request)));
    return unlessAborted(reply, this.#deadline.signal);
  }
}

const stopped = (): L45Error =>
  new L45Error('UNAVAILABLE', 'the service was stopped while it worked on this: ask again');
