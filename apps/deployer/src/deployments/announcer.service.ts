// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Evidence } from '../rollout/progress.js';
import type { Turnover } from '../rollout/rotation.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { Outbox } from './outbox.service.js';
import { rotationView, viewOf } from './view.js';

/** Tells what became of deployments. */
@Injectable()
export class Announcer {
  constructor(private readonly outbox: Outbox) {}

  /** In the transaction that changes the deployment; `outbox.flush` comes after it. */
  async announce(
    manager: EntityManager,
    deployment: DeploymentRow,
    evidence: Evidence,
  ): Promise<void> {
    await this.outbox.add(manager, 'deployer.deployment', viewOf(deployment, evidence));
  }

  async announceRotation(
    manager: EntityManager,
    turnover: Turnover,
    evidence: Evidence,
  ): Promise<void> {
    await this.outbox.add(manager, 'deployer.rotation', rotationView(turnover, evidence));
  }
}
