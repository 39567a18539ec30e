// SPDX-License-Identifier: Apache-2.0
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { isAnswerable } from './answer.js';
import type { Endpoint } from './endpoint.js';
import { type ServiceIdentity, type Verb, VERBS } from './protocol.js';

/** Answers `$SRV.PING`, `INFO` and `STATS`, for all services, by name and by identifier. */
export class Discovery {
  readonly #started = new Date().toISOString();
  #subscriptions: Subscription[] = [];

  constructor(
    private readonly identity: ServiceIdentity,
    private readonly description: string,
    private readonly endpoints: readonly Endpoint[],
  ) {}

  start(connection: NatsConnection): void {
    const { name, id } = this.identity;
    this.#subscriptions = VERBS.flatMap((verb) =>
      [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${id}`].map((subject) =>
        connection.subscribe(subject, {
          callback: (error, message) => {
            if (!error && isAnswerable(message))
              message.respond(JSON.stringify(this.#answer(verb)));
          },
        }),
      ),
    );
  }

  stop(): void {
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #answer(verb: Verb): object {
    const type = `io.nats.micro.v1.${verb.toLowerCase()}_response`;
    const identity = { type, ...this.identity };
    switch (verb) {
      case 'PING':
        return identity;
      case 'INFO':
        return {
          ...identity,
          description: this.description,
          endpoints: this.endpoints.map((endpoint) => endpoint.info),
        };
      case 'STATS':
        return {
          ...identity,
          started: this.#started,
          endpoints: this.endpoints.map((endpoint) => endpoint.stats),
        };
    }
  }
}
