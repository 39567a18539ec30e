// SPDX-License-Identifier: Apache-2.0
import { EVENT_PREFIX, EVENT_STREAM, type EventName } from '@l45/contracts';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { AckPolicy, type Consumer, jetstreamManager, type JsMsg } from '@nats-io/jetstream';
import { millis, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as delay } from 'node:timers/promises';
import { allOrEach } from './all-or-each.js';
import { BUS_OPTIONS, type BusOptions } from './bus.options.js';
import { NATS } from './connection.js';
import { createEventStream } from './event-stream.js';
import { ensuring } from './storage/ensure.js';
import { quietJetstream } from './storage/jetstream.js';

const BATCH = 100;
/** How long a batch waits for more; the least that the client takes. */
const WAIT_MS = 1_000;
const RETRY_MS = 1_000;

/** An event out of the stream. */
export interface StoredEvent {
  event: EventName;
  /** With `at` it is the same whenever the event is told, and no other event's. */
  sequence: number;
  at: Date;
  payload: unknown;
}

/** Reads the events of all services, whoever was away when they happened. */
@Injectable()
export class EventReader {
  readonly #logger = new Logger(EventReader.name);

  constructor(
    @Inject(NATS) private readonly connection: NatsConnection,
    @Inject(BUS_OPTIONS) private readonly options: BusOptions,
  ) {}

  /**
   * Gives `take` every event, to one replica of the service, until the signal aborts. What it
   * throws at is given again, to it or another replica: it must be safe to repeat. An event that
   * it throws at when given nothing else is dropped, unless that is because of UNAVAILABLE.
   */
  async read(take: (events: StoredEvent[]) => Promise<void>, signal: AbortSignal): Promise<void> {
    let failure: string | undefined;
    while (!signal.aborted) {
      try {
        const consumer = await this.#consumer();
        while (!signal.aborted) {
          await this.#readBatch(consumer, take, signal);
          failure = undefined;
        }
      } catch (error) {
        if (signal.aborted) return;
        const message = String(error);
        if (message !== failure) this.#logger.warn(`will try again: ${message}`);
        failure = message;
        await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #readBatch(
    consumer: Consumer,
    take: (events: StoredEvent[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const batch = await consumer.fetch({ max_messages: BATCH, expires: WAIT_MS });
    const stop = () => batch.stop();
    signal.addEventListener('abort', stop, { once: true });
    const messages: JsMsg[] = [];
    for await (const message of batch) messages.push(message);
    signal.removeEventListener('abort', stop);
    if (messages.length === 0) return;
    try {
      await allOrEach(
        messages,
        (some) => take(some.flatMap(eventOf)),
        (message, reason) => this.#drop(message, reason),
      );
    } catch (error) {
      for (const message of messages) message.nak();
      throw error;
    }
    for (const message of messages) message.ack();
  }

  #drop(message: JsMsg, reason: string): void {
    this.#logger.warn(`${message.subject} ${message.seq} is dropped: ${reason}`);
    // nats-server 2.9 passes over one with a reason.
    message.term();
  }

  /** One for all replicas, which is made again should it be lost. */
  async #consumer(): Promise<Consumer> {
    const { service } = this.options;
    await ensuring(
      () => createEventStream(this.connection),
      async () => {
        const { consumers } = await jetstreamManager(this.connection, { checkAPI: false });
        return consumers.add(EVENT_STREAM, {
          durable_name: service,
          ack_policy: AckPolicy.Explicit,
        });
      },
    );
    return quietJetstream(this.connection).consumers.get(EVENT_STREAM, service);
  }
}

/** Nothing, if somebody published what is none. */
function eventOf(message: JsMsg): StoredEvent[] {
  const event = message.subject.slice(EVENT_PREFIX.length + 1) as EventName;
  const at = new Date(millis(message.info.timestampNanos));
  try {
    return [{ event, sequence: message.seq, at, payload: message.json() }];
  } catch {
    return [];
  }
}
