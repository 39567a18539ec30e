// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import { ENDPOINTS, HostsRequest, type HostsReply } from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { HostsService } from './hosts.service.js';

@Controller()
export class MonitorController {
  constructor(private readonly service: HostsService) {}

  @Bus(ENDPOINTS.monitor.hosts)
  hosts({ host }: HostsRequest): Promise<HostsReply> {
    return this.service.hosts(host);
  }
}
