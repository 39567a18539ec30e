// SPDX-License-Identifier: Apache-2.0
import { EventPublisher } from '@l45/bus';
import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Fleet } from '../rollout/fleet.service.js';
import type { Evidence } from '../rollout/progress.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { viewOf } from './view.js';

/** Publishes what became of deployments, in order, and keeps nobody waiting for it. */
@Injectable()
export class Announcer implements OnModuleDestroy {
  readonly #logger = new Logger(Announcer.name);
  #published: Promise<void> = Promise.resolve();

  constructor(
    private readonly events: EventPublisher,
    private readonly fleet: Fleet,
  ) {}

  announce(deployment: DeploymentRow, evidence: Omit<Evidence, 'silentSince'>): void {
    const view = viewOf(deployment, {
      ...evidence,
      silentSince: (host) => this.fleet.silentSince(host),
    });
    this.#published = this.#published
      .then(() => this.events.publish('deployer.deployment', view))
      .catch((error: unknown) =>
        this.#logger.warn(`event of ${view.name} is lost: ${String(error)}`),
      );
  }

  onModuleDestroy(): Promise<void> {
    return this.#published;
  }
}
