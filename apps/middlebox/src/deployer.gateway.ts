// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import { ENDPOINTS } from '@l45/contracts';
import { Injectable } from '@nestjs/common';

@Injectable()
export class DeployerGateway {
  constructor(private readonly client: BusClient) {}

  /** Names of all deployments that are not revoked, by identifier. */
  async names(): Promise<Map<string, string>> {
    const { deployments } = await this.client.request(ENDPOINTS.deployer.status, {});
    return new Map(deployments.map(({ id, name }) => [id, name]));
  }
}
