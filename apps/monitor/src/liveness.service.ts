// SPDX-License-Identifier: Apache-2.0
import { EventPublisher, Loop } from '@l45/bus';
import { OFFLINE_AFTER_MS } from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Fleet } from './fleet.service.js';
import { HostsRepository } from './storage/hosts.repository.js';

const CHECK_MS = 1_000;

/** Says when a host comes online, or has been silent for too long. */
@Injectable()
export class Liveness implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(Liveness.name, () => this.#settle());
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly fleet: Fleet,
    private readonly repository: HostsRepository,
    private readonly events: EventPublisher,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.check(), CHECK_MS);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#loop.stop();
  }

  check(): void {
    this.#loop.trigger();
  }

  #settle(): Promise<void> {
    const before = new Date(Date.now() - OFFLINE_AFTER_MS);
    // Who heard nobody, knows of nobody's silence.
    const { since } = this.fleet.observed;
    const hasHeard = since !== undefined && since <= before;
    return this.repository.settle(before, hasHeard, async (changes) => {
      for (const { host, online, lastSeen } of changes) {
        // Should the transaction fail after this, it is told again, and kept once.
        const id = `host ${host} ${online} ${lastSeen.getTime()}`;
        await this.events.publish('monitor.host', { host, online }, id);
      }
    });
  }
}
