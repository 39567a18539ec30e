// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type DriftReply,
  DriftRequest,
  ENDPOINTS,
  type EventsReply,
  EventsRequest,
  type FlowsReply,
  FlowsRequest,
  HostsRequest,
  type HostsReply,
  type InstancesReply,
  InstancesRequest,
  type SamplesReply,
  SamplesRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { DriftService } from './drift/drift.service.js';
import { EventsService } from './events/events.service.js';
import { FlowsService } from './flows.service.js';
import { HistoryService } from './history.service.js';
import { HostsService } from './hosts.service.js';

@Controller()
export class MonitorController {
  constructor(
    private readonly service: HostsService,
    private readonly history: HistoryService,
    private readonly live: FlowsService,
    private readonly drifts: DriftService,
    private readonly past: EventsService,
  ) {}

  @Bus(ENDPOINTS.monitor.hosts)
  hosts(request: HostsRequest): Promise<HostsReply> {
    return this.service.hosts(request);
  }

  @Bus(ENDPOINTS.monitor.instances)
  instances(request: InstancesRequest): Promise<InstancesReply> {
    return this.history.instances(request);
  }

  @Bus(ENDPOINTS.monitor.flows)
  flows(request: FlowsRequest): Promise<FlowsReply> {
    return this.live.flows(request);
  }

  @Bus(ENDPOINTS.monitor.drift)
  drift({ host }: DriftRequest): Promise<DriftReply> {
    return this.drifts.list(host);
  }

  @Bus(ENDPOINTS.monitor.history)
  samples(request: SamplesRequest): Promise<SamplesReply> {
    return this.history.samples(request);
  }

  @Bus(ENDPOINTS.monitor.events)
  events(request: EventsRequest): Promise<EventsReply> {
    return this.past.find(request);
  }
}
