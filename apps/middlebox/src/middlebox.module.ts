// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { CibModule } from '@l45/cib';
import { Module } from '@nestjs/common';
import { ApplicationsService } from './applications.service.js';
import { Assigner } from './assign/assigner.service.js';
import { ModulesService } from './assign/modules.service.js';
import { BuilderGateway } from './builder.gateway.js';
import { DeployerGateway } from './deployer.gateway.js';
import { MiddleboxController } from './middlebox.controller.js';
import { MiddleboxesService } from './middleboxes.service.js';
import { AllowedRow } from './storage/allowed.entity.js';
import { MiddleboxRow } from './storage/middlebox.entity.js';
import { MiddleboxesRepository } from './storage/middleboxes.repository.js';
import { Initial1763900000000 } from './storage/migrations/1763900000000-initial.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'middlebox',
      description: 'Has middleboxes read customized traffic.',
    }),
    CibModule.forRoot({
      schema: 'middlebox',
      entities: [AllowedRow, MiddleboxRow],
      migrations: [Initial1763900000000],
    }),
  ],
  controllers: [MiddleboxController],
  providers: [
    ApplicationsService,
    Assigner,
    BuilderGateway,
    DeployerGateway,
    MiddleboxesRepository,
    MiddleboxesService,
    ModulesService,
  ],
})
export class MiddleboxModule {}
