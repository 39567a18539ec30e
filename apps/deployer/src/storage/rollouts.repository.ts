// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import { type EntityManager, Not } from 'typeorm';
import { Builds } from '../rollout/builds.js';
import type { Outcome, World } from '../rollout/round.js';
import { BuildRow } from './build.entity.js';
import { DeploymentRow } from './deployment.entity.js';
import { HostRow } from './host.entity.js';
import { upsert } from './upsert.js';

/** All that a round of the reconciliation reads and writes. */
@Injectable()
export class RolloutsRepository {
  async load(manager: EntityManager): Promise<World> {
    const live = await manager.find(DeploymentRow, {
      where: { phase: Not('revoked') },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    const hosts = await manager.find(HostRow);
    const builds = await manager.find(BuildRow);
    return { live, hosts, builds: new Builds(builds) };
  }

  async save(manager: EntityManager, outcome: Outcome): Promise<void> {
    const { hosts, changedHosts, deployments, changedDeployments } = outcome;
    await upsert(
      manager,
      HostRow,
      [...hosts.values()].filter(({ name }) => changedHosts.has(name)),
      ['name'],
    );
    await upsert(
      manager,
      DeploymentRow,
      [...deployments.values()].filter(({ id }) => changedDeployments.has(id)),
      ['id'],
    );
  }
}
