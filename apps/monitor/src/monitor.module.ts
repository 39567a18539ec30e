// SPDX-License-Identifier: Apache-2.0
import { BusModule } from '@l45/bus';
import { CibModule } from '@l45/cib';
import { Module } from '@nestjs/common';
import { Convergence } from './convergence.service.js';
import { HostsService } from './hosts.service.js';
import { MonitorController } from './monitor.controller.js';
import { HostRow } from './storage/host.entity.js';
import { HostsRepository } from './storage/hosts.repository.js';
import { Initial1763800000000 } from './storage/migrations/1763800000000-initial.js';
import { Watcher } from './watcher.service.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'monitor',
      description: 'Knows the hosts and what runs on them.',
    }),
    CibModule.forRoot({
      schema: 'monitor',
      entities: [HostRow],
      migrations: [Initial1763800000000],
    }),
  ],
  controllers: [MonitorController],
  providers: [Convergence, HostsRepository, HostsService, Watcher],
})
export class MonitorModule {}
