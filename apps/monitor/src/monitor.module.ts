// SPDX-License-Identifier: Apache-2.0
import { BusModule, loadConfig } from '@l45/bus';
import { CibModule } from '@l45/cib';
import { Module } from '@nestjs/common';
import { Convergence } from './convergence.service.js';
import { DriftService } from './drift/drift.service.js';
import { EventsService } from './events/events.service.js';
import { Fleet } from './fleet.service.js';
import { FlowsService } from './flows.service.js';
import { HistoryService } from './history.service.js';
import { HostsService } from './hosts.service.js';
import { Liveness } from './liveness.service.js';
import { MonitorConfig } from './monitor.config.js';
import { MonitorController } from './monitor.controller.js';
import { ReportsService } from './reports/reports.service.js';
import { Retention } from './reports/retention.service.js';
import { DriftsRepository } from './storage/drifts.repository.js';
import { EventsRepository } from './storage/events.repository.js';
import { HistoryRepository } from './storage/history.repository.js';
import { HostsRepository } from './storage/hosts.repository.js';
import { ReportsRepository } from './storage/reports.repository.js';
import { MONITOR_SCHEMA } from './storage/schema.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'monitor',
      description: 'Knows the hosts, what runs on them, and what happened.',
    }),
    CibModule.forRoot(MONITOR_SCHEMA),
  ],
  controllers: [MonitorController],
  providers: [
    { provide: MonitorConfig, useFactory: () => loadConfig(MonitorConfig) },
    Convergence,
    DriftService,
    DriftsRepository,
    EventsRepository,
    EventsService,
    Fleet,
    FlowsService,
    HistoryRepository,
    HistoryService,
    HostsRepository,
    HostsService,
    Liveness,
    ReportsRepository,
    ReportsService,
    Retention,
  ],
})
export class MonitorModule {}
