// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type Deployment,
  ENDPOINTS,
  L45Error,
  RevokeRequest,
  type StatusReply,
  StatusRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';

/** A deployer that knows names, and revokes at once. */
@Controller()
export class FakeDeployer {
  readonly deployments = new Map<string, Deployment>();
  readonly revocations: RevokeRequest[] = [];

  add(name: string, id: string): void {
    this.deployments.set(name, { id, name, state: 'deployed' } as Deployment);
  }

  @Bus(ENDPOINTS.deployer.status)
  status({ name }: StatusRequest): StatusReply {
    if (!name) return { deployments: [...this.deployments.values()] };
    const found = this.deployments.get(name);
    if (!found) throw new L45Error('UNKNOWN_DEPLOYMENT', `there is no deployment "${name}"`);
    return { deployments: [found] };
  }

  @Bus(ENDPOINTS.deployer.revoke)
  revoke(request: RevokeRequest): Deployment {
    const found = this.status({ name: request.name }).deployments[0] as Deployment;
    this.revocations.push(request);
    const revoked = { ...found, state: 'revoked' } as const;
    this.deployments.set(request.name, revoked);
    return revoked;
  }
}
