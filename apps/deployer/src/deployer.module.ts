// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { CibModule } from '@l45/cib';
import { Module } from '@nestjs/common';
import { AdmissionService } from './admission/admission.service.js';
import { ChallengePolicies } from './admission/challenge-policy.js';
import { RotationAdmission } from './admission/rotation-admission.service.js';
import { BuilderGateway } from './building/builder.gateway.js';
import { DeployerController } from './deployer.controller.js';
import { Announcer } from './deployments/announcer.service.js';
import { Convergence } from './deployments/convergence.service.js';
import { DeploymentsService } from './deployments/deployments.service.js';
import { HistoryService } from './deployments/history.service.js';
import { Ledger } from './deployments/ledger.service.js';
import { Outbox } from './deployments/outbox.service.js';
import { Fleet } from './rollout/fleet.service.js';
import { Lead } from './rollout/lead.service.js';
import { RebuildService } from './rollout/rebuild.service.js';
import { Reconciler } from './rollout/reconciler.service.js';
import { RolloutTelemetry } from './rollout/rollout-telemetry.service.js';
import { PlanService } from './plan/plan.service.js';
import { RotationsService } from './rotations/rotations.service.js';
import { SchedulesService } from './rotations/schedules.service.js';
import { DeploymentsRepository } from './storage/deployments.repository.js';
import { MiddleboxesRepository } from './storage/middleboxes.repository.js';
import { SchedulesRepository } from './storage/schedules.repository.js';
import { RotationsRepository } from './storage/rotations.repository.js';
import { RolloutsRepository } from './storage/rollouts.repository.js';
import { DEPLOYER_SCHEMA } from './storage/schema.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'deployer',
      description: 'Brings customizations to hosts, changes and revokes them.',
    }),
    CibModule.forRoot(DEPLOYER_SCHEMA),
  ],
  controllers: [DeployerController],
  providers: [
    AdmissionService,
    Announcer,
    BuilderGateway,
    ChallengePolicies,
    Convergence,
    DeploymentsRepository,
    DeploymentsService,
    Fleet,
    HistoryService,
    Lead,
    Ledger,
    MiddleboxesRepository,
    Outbox,
    PlanService,
    RebuildService,
    Reconciler,
    RolloutTelemetry,
    RolloutsRepository,
    RotationAdmission,
    RotationsRepository,
    RotationsService,
    SchedulesRepository,
    SchedulesService,
  ],
})
export class DeployerModule {}
