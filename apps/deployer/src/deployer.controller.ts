// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type Deployment,
  DeploymentRequest,
  DeployRequest,
  ENDPOINTS,
  type HistoryReply,
  HistoryRequest,
  type Plan,
  PlanRequest,
  PrioritiseRequest,
  RevokeRequest,
  RollbackRequest,
  RotateRequest,
  type Rotation,
  RotationRequest,
  type RotationsReply,
  RotationsRequest,
  type Schedule,
  ScheduleRequest,
  type SchedulesReply,
  type StatusReply,
  StatusRequest,
  UnscheduleRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { DeploymentsService } from './deployments/deployments.service.js';
import { HistoryService } from './deployments/history.service.js';
import { PlanService } from './plan/plan.service.js';
import { RotationsService } from './rotations/rotations.service.js';
import { SchedulesService } from './rotations/schedules.service.js';

@Controller()
export class DeployerController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly history: HistoryService,
    private readonly plans: PlanService,
    private readonly rotations: RotationsService,
    private readonly schedules: SchedulesService,
  ) {}

  @Bus(ENDPOINTS.deployer.deploy)
  deploy(request: DeployRequest): Promise<Deployment> {
    return this.deployments.deploy(request);
  }

  @Bus(ENDPOINTS.deployer.activate)
  activate(request: DeploymentRequest): Promise<Deployment> {
    return this.deployments.setMode(request, 'active');
  }

  @Bus(ENDPOINTS.deployer.deactivate)
  deactivate(request: DeploymentRequest): Promise<Deployment> {
    return this.deployments.setMode(request, 'inactive');
  }

  @Bus(ENDPOINTS.deployer.observe)
  observe(request: DeploymentRequest): Promise<Deployment> {
    return this.deployments.setMode(request, 'observe');
  }

  @Bus(ENDPOINTS.deployer.prioritise)
  prioritise(request: PrioritiseRequest): Promise<Deployment> {
    return this.deployments.prioritise(request);
  }

  @Bus(ENDPOINTS.deployer.deprecate)
  deprecate(request: DeploymentRequest): Promise<Deployment> {
    return this.deployments.deprecate(request);
  }

  @Bus(ENDPOINTS.deployer.revoke)
  revoke(request: RevokeRequest): Promise<Deployment> {
    return this.deployments.revoke(request);
  }

  @Bus(ENDPOINTS.deployer.rollback)
  rollback(request: RollbackRequest): Promise<Deployment> {
    return this.deployments.rollback(request);
  }

  @Bus(ENDPOINTS.deployer.rotate)
  rotate(request: RotateRequest): Promise<Rotation> {
    return this.rotations.rotate(request);
  }

  @Bus(ENDPOINTS.deployer.abort)
  abort(request: RotationRequest): Promise<Rotation> {
    return this.rotations.abort(request);
  }

  @Bus(ENDPOINTS.deployer.rotations)
  async underWay({ name }: RotationsRequest): Promise<RotationsReply> {
    return { rotations: await this.rotations.list(name) };
  }

  @Bus(ENDPOINTS.deployer.schedule)
  schedule(request: ScheduleRequest): Promise<Schedule> {
    return this.schedules.schedule(request);
  }

  @Bus(ENDPOINTS.deployer.unschedule)
  unschedule({ name }: UnscheduleRequest): Promise<Schedule> {
    return this.schedules.unschedule(name);
  }

  @Bus(ENDPOINTS.deployer.schedules)
  async listSchedules(): Promise<SchedulesReply> {
    return { schedules: await this.schedules.list() };
  }

  @Bus(ENDPOINTS.deployer.plan)
  plan(request: PlanRequest): Promise<Plan> {
    return this.plans.plan(request);
  }

  @Bus(ENDPOINTS.deployer.history)
  changes({ name }: HistoryRequest): Promise<HistoryReply> {
    return this.history.of(name);
  }

  @Bus(ENDPOINTS.deployer.status)
  async status({ name }: StatusRequest): Promise<StatusReply> {
    return { deployments: await this.deployments.status(name) };
  }
}
