// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Fleet } from '../rollout/fleet.service.js';
import { placementsOf } from '../rollout/placement.js';
import type { Evidence } from '../rollout/progress.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { Announcer } from './announcer.service.js';
import { type Order, revise } from './revise.js';

/** Where every change that somebody asked for is written: the deployment, its revision, its event. */
@Injectable()
export class Ledger {
  constructor(
    private readonly repository: DeploymentsRepository,
    private readonly announcer: Announcer,
    private readonly fleet: Fleet,
  ) {}

  /** `before` is undefined for a new deployment. */
  async record(
    manager: EntityManager,
    before: DeploymentRow | undefined,
    after: DeploymentRow,
    order: Order,
  ): Promise<void> {
    await this.repository.save(manager, after);
    await this.repository.addRevisions(manager, [revise(before, after, order)]);
    await this.announcer.announce(manager, after, await this.evidence(manager, [after]));
  }

  async evidence(manager: EntityManager, deployments: DeploymentRow[]): Promise<Evidence> {
    const names = deployments.flatMap((one) => placementsOf(one).map(({ host }) => host));
    const hosts = await this.repository.hosts(manager, [...new Set(names)]);
    const builds = await this.repository.builds(manager);
    return this.fleet.evidence({ hosts, builds });
  }
}
