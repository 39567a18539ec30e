// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Outcome, World } from '../rollout/round.js';
import { DeploymentRow } from './deployment.entity.js';
import { DeploymentsRepository } from './deployments.repository.js';
import { HostRow } from './host.entity.js';
import { RotationsRepository } from './rotations.repository.js';
import { upsert } from './upsert.js';

/** All that a round of the reconciliation reads and writes. */
@Injectable()
export class RolloutsRepository {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly rotations: RotationsRepository,
  ) {}

  async load(manager: EntityManager): Promise<World> {
    const live = await this.deployments.live(manager);
    const hosts = await manager.find(HostRow);
    const builds = await this.deployments.builds(manager);
    const rotations = await this.rotations.live(manager);
    return { live, hosts, builds, rotations };
  }

  async save(manager: EntityManager, outcome: Outcome): Promise<void> {
    const { hosts, changedHosts, deployments, changedDeployments } = outcome;
    await upsert(manager, HostRow, changed(hosts, changedHosts), ['name']);
    await upsert(manager, DeploymentRow, changed(deployments, changedDeployments), ['id']);
    await this.rotations.save(manager, changed(outcome.rotations, outcome.changedRotations));
    await this.deployments.addRevisions(manager, outcome.revisions);
  }
}

const changed = <Row>(rows: ReadonlyMap<string, Row>, keys: ReadonlySet<string>): Row[] =>
  [...rows].flatMap(([key, row]) => (keys.has(key) ? [row] : []));
