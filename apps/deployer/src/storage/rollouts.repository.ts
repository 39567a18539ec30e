// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import { type EntityManager, Not } from 'typeorm';
import { Builds } from '../rollout/builds.js';
import type { Outcome, World } from '../rollout/round.js';
import { BuildRow } from './build.entity.js';
import { DeploymentRow } from './deployment.entity.js';
import { HostRow } from './host.entity.js';

/** Postgres takes 65535 parameters a statement. */
const CHUNK = 2_000;

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
    const hosts = [...outcome.hosts.values()].filter(({ name }) => outcome.changedHosts.has(name));
    for (let i = 0; i < hosts.length; i += CHUNK) {
      await manager.upsert(HostRow, hosts.slice(i, i + CHUNK), ['name']);
    }
    const deployments = [...outcome.deployments.values()].filter(({ id }) =>
      outcome.changedDeployments.has(id),
    );
    if (deployments.length) await manager.upsert(DeploymentRow, deployments, ['id']);
  }
}
