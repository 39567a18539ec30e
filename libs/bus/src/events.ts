// SPDX-License-Identifier: Apache-2.0
import { type EventName, type Events, eventSubject } from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { NATS } from './connection.js';
import { createEventStream } from './event-stream.js';
import { ensuring } from './storage/ensure.js';
import { traceSend } from './tracing.js';

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
        () => createEventStream(this.connection),
        () =>
          jetstream(this.connection).publish(subject, JSON.stringify(payload), {
            headers,
            msgID: id,
          }),
      ),
    );
  }
}
