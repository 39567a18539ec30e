// SPDX-License-Identifier: Apache-2.0
import type { RotationStep } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { type EntityManager, In, Not } from 'typeorm';
import { OVER, UNDECIDED } from '../rollout/rotation.js';
import { RotationRow } from './rotation.entity.js';
import { upsert } from './upsert.js';

@Injectable()
export class RotationsRepository {
  live(manager: EntityManager): Promise<RotationRow[]> {
    const step = Not(In<RotationStep>([...OVER]));
    return manager.find(RotationRow, { where: { step }, order: { createdAt: 'ASC' } });
  }

  byId(manager: EntityManager, id: string): Promise<RotationRow> {
    return manager.findOneByOrFail(RotationRow, { id });
  }

  /** In which any of these deployments takes part, newest first. */
  of(manager: EntityManager, deployments: string[]): Promise<RotationRow[]> {
    const one = In(deployments);
    return manager.find(RotationRow, {
      where: [{ from: one }, { to: one }],
      order: { createdAt: 'DESC' },
    });
  }

  /** The one that keeps others from changing a deployment. */
  async undecided(manager: EntityManager, deployment: string): Promise<RotationRow | undefined> {
    return (await this.of(manager, [deployment])).find(({ step }) => UNDECIDED.includes(step));
  }

  save(manager: EntityManager, rotations: RotationRow[]): Promise<void> {
    return upsert(manager, RotationRow, rotations, ['id']);
  }
}
