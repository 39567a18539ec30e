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
import { RebuildService } from './rollout/rebuild.service.js';
import { Reconciler } from './rollout/reconciler.service.js';
import { RolloutTelemetry } from './rollout/rollout-telemetry.service.js';
import { PlanService } from './plan/plan.service.js';
import { RotationsService } from './rotations/rotations.service.js';
import { SchedulesService } from './rotations/schedules.service.js';
import { BuildRow } from './storage/build.entity.js';
import { DeploymentRow } from './storage/deployment.entity.js';
import { DeploymentsRepository } from './storage/deployments.repository.js';
import { HostRow } from './storage/host.entity.js';
import { MiddleboxRow } from './storage/middlebox.entity.js';
import { MiddleboxesRepository } from './storage/middleboxes.repository.js';
import { Initial1763800000000 } from './storage/migrations/1763800000000-initial.js';
import { Revisions1763900000000 } from './storage/migrations/1763900000000-revisions.js';
import { Labels1763920000000 } from './storage/migrations/1763920000000-labels.js';
import { Schedules1763930000000 } from './storage/migrations/1763930000000-schedules.js';
import { Middleboxes1763940000000 } from './storage/migrations/1763940000000-middleboxes.js';
import { Waves1764110000000 } from './storage/migrations/1764110000000-waves.js';
import { ScheduleRow } from './storage/schedule.entity.js';
import { SchedulesRepository } from './storage/schedules.repository.js';
import { OutboxRow } from './storage/outbox.entity.js';
import { RevisionRow } from './storage/revision.entity.js';
import { Rotations1763910000000 } from './storage/migrations/1763910000000-rotations.js';
import { RotationRow } from './storage/rotation.entity.js';
import { RotationsRepository } from './storage/rotations.repository.js';
import { RolloutsRepository } from './storage/rollouts.repository.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'deployer',
      description: 'Brings customizations to hosts, changes and revokes them.',
    }),
    CibModule.forRoot({
      schema: 'deployer',
      entities: [
        BuildRow,
        DeploymentRow,
        HostRow,
        MiddleboxRow,
        OutboxRow,
        RevisionRow,
        RotationRow,
        ScheduleRow,
      ],
      migrations: [
        Initial1763800000000,
        Revisions1763900000000,
        Rotations1763910000000,
        Labels1763920000000,
        Schedules1763930000000,
        Middleboxes1763940000000,
        Waves1764110000000,
      ],
    }),
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
