// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Fleet } from '../rollout/fleet.service.js';
import type { Evidence } from '../rollout/progress.js';
import type { Turnover } from '../rollout/rotation.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { Outbox } from './outbox.service.js';
import { rotationView, viewOf } from './view.js';

/** Tells what became of deployments. */
@Injectable()
export class Announcer {
  constructor(
    private readonly outbox: Outbox,
    private readonly fleet: Fleet,
  ) {}

  /** In the transaction that changes the deployment; `outbox.flush` comes after it. */
  async announce(
    manager: EntityManager,
    deployment: DeploymentRow,
    evidence: Omit<Evidence, 'silentSince' | 'unreadBy'>,
  ): Promise<void> {
    const silentSince = (host: string) => this.fleet.silentSince(host);
    const unreadBy = (which: string) => this.fleet.unreadBy(which);
    await this.outbox.add(
      manager,
      'deployer.deployment',
      viewOf(deployment, { ...evidence, silentSince, unreadBy }),
    );
  }

  async announceRotation(
    manager: EntityManager,
    turnover: Turnover,
    evidence: Omit<Evidence, 'silentSince' | 'unreadBy'>,
  ): Promise<void> {
    const silentSince = (host: string) => this.fleet.silentSince(host);
    const unreadBy = (which: string) => this.fleet.unreadBy(which);
    const view = rotationView(turnover, { ...evidence, silentSince, unreadBy });
    await this.outbox.add(manager, 'deployer.rotation', view);
  }
}
