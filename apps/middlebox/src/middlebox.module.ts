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
import { MiddleboxesRepository } from './storage/middleboxes.repository.js';
import { MIDDLEBOX_SCHEMA } from './storage/schema.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'middlebox',
      description: 'Has middleboxes read customized traffic.',
    }),
    CibModule.forRoot(MIDDLEBOX_SCHEMA),
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
