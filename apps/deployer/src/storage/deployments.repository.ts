// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In, Not } from 'typeorm';
import { didYouMean } from '../admission/near.js';
import { Builds } from '../rollout/builds.js';
import type { Hosts } from '../rollout/progress.js';
import { BuildRow } from './build.entity.js';
import { DeploymentRow } from './deployment.entity.js';
import { HostRow } from './host.entity.js';
import { RevisionRow } from './revision.entity.js';
import { upsert } from './upsert.js';

/** Deployments as requests see them. */
@Injectable()
export class DeploymentsRepository {
  live(manager: EntityManager): Promise<DeploymentRow[]> {
    return manager.find(DeploymentRow, {
      where: { phase: Not('revoked') },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
  }

  /** The one that has the name now, or had it last. */
  named(manager: EntityManager, name: string): Promise<DeploymentRow | null> {
    return manager.findOne(DeploymentRow, { where: { name }, order: { createdAt: 'DESC' } });
  }

  /** The same, which must exist. */
  async known(manager: EntityManager, name: string): Promise<DeploymentRow> {
    const deployment = await this.named(manager, name);
    if (deployment) return deployment;
    const known = (await this.live(manager)).map((live) => live.name);
    const message = `there is no deployment "${name}"${didYouMean(name, known)}`;
    throw new L45Error('UNKNOWN_DEPLOYMENT', message);
  }

  byId(manager: EntityManager, id: string): Promise<DeploymentRow> {
    return manager.findOneByOrFail(DeploymentRow, { id });
  }

  save(manager: EntityManager, deployment: DeploymentRow): Promise<void> {
    return upsert(manager, DeploymentRow, [deployment], ['id']);
  }

  async addRevisions(manager: EntityManager, revisions: RevisionRow[]): Promise<void> {
    await upsert(manager, RevisionRow, revisions, ['name', 'revision']);
  }

  /** Newest first. */
  revisions(manager: EntityManager, name: string): Promise<RevisionRow[]> {
    return manager.find(RevisionRow, { where: { name }, order: { revision: 'DESC' } });
  }

  latestRevision(manager: EntityManager, name: string): Promise<RevisionRow | null> {
    return manager.findOne(RevisionRow, { where: { name }, order: { revision: 'DESC' } });
  }

  saveBuilds(manager: EntityManager, builds: BuildRow[]): Promise<void> {
    return upsert(manager, BuildRow, builds, ['customization', 'kernelRelease', 'arch']);
  }

  /** A failure never takes the place of a build that another replica got meanwhile. */
  async saveFailure(manager: EntityManager, failure: BuildRow): Promise<void> {
    const { customization, kernelRelease, arch, problem } = failure;
    await manager.query(
      `INSERT INTO deployer.build (customization, "kernelRelease", arch, problem)
       VALUES ($1, $2, $3, $4) ON CONFLICT (customization, "kernelRelease", arch)
       DO UPDATE SET problem = $4 WHERE build.artifacts IS NULL`,
      [customization, kernelRelease, arch, problem],
    );
  }

  async hosts(manager: EntityManager, names: string[]): Promise<Hosts> {
    const rows = await manager.find(HostRow, { where: { name: In(names) } });
    return new Map(rows.map((row) => [row.name, row]));
  }

  allHosts(manager: EntityManager): Promise<Pick<HostRow, 'name' | 'labels'>[]> {
    return manager.find(HostRow, { select: { name: true, labels: true } });
  }

  async hostNames(manager: EntityManager): Promise<string[]> {
    return (await manager.find(HostRow, { select: { name: true } })).map(({ name }) => name);
  }

  async builds(manager: EntityManager): Promise<Builds> {
    return new Builds(await manager.find(BuildRow));
  }
}
