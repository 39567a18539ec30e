// SPDX-License-Identifier: Apache-2.0
import { EventReader, type StoredEvent } from '@l45/bus';
import type { EventName, Events, EventsReply, EventsRequest } from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventsRepository } from '../storage/events.repository.js';
import { aboutOf } from './about.js';

/** Of interest to whoever waits, and to nobody later. */
const PASSING: EventName = 'deployer.progress';
const LIMIT = 100;

/** Keeps the events of all services. */
@Injectable()
export class EventsService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #stop = new AbortController();
  #reading?: Promise<void>;

  constructor(
    private readonly reader: EventReader,
    private readonly repository: EventsRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.#reading = this.reader.read((events) => this.#keep(events), this.#stop.signal);
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#reading;
  }

  async find({ events = [], about, since, until, limit }: EventsRequest): Promise<EventsReply> {
    const found = await this.repository.find({
      patterns: events.map((name) => name.replace('*', '%')),
      about,
      since: since ? new Date(since) : undefined,
      until: until ? new Date(until) : undefined,
      limit: limit ?? LIMIT,
    });
    return { events: found };
  }

  async #keep(events: StoredEvent[]): Promise<void> {
    const kept = events
      .filter(({ event }) => event !== PASSING)
      .map((event) => ({ ...event, about: aboutOf(event.payload) }));
    const deployments = kept
      .filter(({ event }) => event === 'deployer.deployment')
      .map(({ payload }) => payload as Events['deployer.deployment'])
      .map(({ id, name }) => ({ id, name }));
    await this.repository.store(kept, deployments);
  }
}
