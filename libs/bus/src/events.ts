// SPDX-License-Identifier: Apache-2.0
import {
  EVENT_PREFIX,
  EVENT_STREAM,
  type EventName,
  type Events,
  eventSubject,
} from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { NATS } from './connection.js';
import { ensuring } from './storage/ensure.js';
import { traceSend } from './tracing.js';

const DAY_MS = 86_400_000;
const KEPT_DAYS = 7;
const KEPT_EVENTS = 100_000;

/** Publishes events into the stream `l45_events`, which it creates when there is none. */
@Injectable()
export class EventPublisher {
  constructor(@Inject(NATS) private readonly connection: NatsConnection) {}

  /** Resolves once the event is stored. Of those with the same `id` within minutes, one is kept. */
  async publish<Name extends EventName>(
    name: Name,
    payload: Events[Name],
    id?: string,
  ): Promise<void> {
    const subject = eventSubject(name);
    await traceSend(subject, (headers) =>
      ensuring(
        () => this.#createStream(),
        () =>
          jetstream(this.connection).publish(subject, JSON.stringify(payload), {
            headers,
            msgID: id,
          }),
      ),
    );
  }

  async #createStream(): Promise<void> {
    const manager = await jetstreamManager(this.connection);
    await manager.streams.add({
      name: EVENT_STREAM,
      subjects: [`${EVENT_PREFIX}.>`],
      storage: 'file',
      max_age: nanos(KEPT_DAYS * DAY_MS),
      max_msgs: KEPT_EVENTS,
    });
  }
}
