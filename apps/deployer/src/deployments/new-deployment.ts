// SPDX-License-Identifier: Apache-2.0
import { currentTraceparent } from '@l45/telemetry';
import { randomUUID } from 'node:crypto';
import type { Members } from '../rollout/membership.js';
import { firstWave } from '../rollout/waves.js';
import type { DeploymentRow, Specification } from '../storage/deployment.entity.js';

/** A deployment that begins. */
export function newDeployment(
  name: string,
  specification: Specification,
  members: Members,
): DeploymentRow {
  const { priority, mode } = specification;
  const now = new Date();
  return {
    id: randomUUID(),
    name,
    specification,
    members,
    priority,
    priorities: null,
    mode,
    deprecated: false,
    phase: 'ingress',
    rollout: firstWave(specification, now),
    forced: false,
    revision: 1,
    traceparent: currentTraceparent() ?? null,
    createdAt: now,
    updatedAt: now,
  };
}
