// SPDX-License-Identifier: Apache-2.0
import { type Customization, L45Error } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { RotationsRepository } from '../storage/rotations.repository.js';

/** Whether a rotation can be, and what cannot be because of one. */
@Injectable()
export class RotationAdmission {
  constructor(
    private readonly rotations: RotationsRepository,
    private readonly deployments: DeploymentsRepository,
  ) {}

  /** The steps of a rotation count on both deployments being as it left them. */
  async refuseIfRotated(manager: EntityManager, { id, name }: DeploymentRow): Promise<void> {
    const rotation = await this.rotations.undecided(manager, id);
    if (!rotation) return;
    const from = await this.deployments.byId(manager, rotation.from);
    const to = await this.deployments.byId(manager, rotation.to);
    throw new L45Error(
      'WRONG_STATE',
      `"${name}" cannot be changed while "${from.name}" is rotated to "${to.name}": wait until it is, or undo it with l45.deployer.abort`,
    );
  }
}

/** Short signatures are the same whichever deployment writes them. */
export function refuseSameSignature(from: Customization, to: Customization): void {
  if (from.wire.signature !== 'short' || to.wire.signature !== 'short') return;
  throw new L45Error(
    'SAME_SIGNATURE',
    `messages of ${to.name} cannot be told from those of ${from.name}, which would still be under way: revoke the old deployment, and deploy the new one then`,
  );
}
