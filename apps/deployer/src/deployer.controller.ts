// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type Deployment,
  DeploymentRequest,
  DeployRequest,
  ENDPOINTS,
  PrioritiseRequest,
  type StatusReply,
  StatusRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { DeploymentsService } from './deployments/deployments.service.js';

@Controller()
export class DeployerController {
  constructor(private readonly deployments: DeploymentsService) {}

  @Bus(ENDPOINTS.deployer.deploy)
  deploy(request: DeployRequest): Promise<Deployment> {
    return this.deployments.deploy(request);
  }

  @Bus(ENDPOINTS.deployer.activate)
  activate({ name, wait }: DeploymentRequest): Promise<Deployment> {
    return this.deployments.setMode(name, 'active', wait);
  }

  @Bus(ENDPOINTS.deployer.deactivate)
  deactivate({ name, wait }: DeploymentRequest): Promise<Deployment> {
    return this.deployments.setMode(name, 'inactive', wait);
  }

  @Bus(ENDPOINTS.deployer.prioritise)
  prioritise(request: PrioritiseRequest): Promise<Deployment> {
    return this.deployments.prioritise(request);
  }

  @Bus(ENDPOINTS.deployer.deprecate)
  deprecate({ name, wait }: DeploymentRequest): Promise<Deployment> {
    return this.deployments.deprecate(name, wait);
  }

  @Bus(ENDPOINTS.deployer.revoke)
  revoke({ name, wait }: DeploymentRequest): Promise<Deployment> {
    return this.deployments.revoke(name, wait);
  }

  @Bus(ENDPOINTS.deployer.status)
  async status({ name }: StatusRequest): Promise<StatusReply> {
    return { deployments: await this.deployments.status(name) };
  }
}
