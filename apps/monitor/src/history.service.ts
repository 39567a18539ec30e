// SPDX-License-Identifier: Apache-2.0
import type {
  InstancesReply,
  InstancesRequest,
  SamplesReply,
  SamplesRequest,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { HistoryRepository } from './storage/history.repository.js';

const LIMIT = 100;

/** What hosts have reported so far. */
@Injectable()
export class HistoryService {
  constructor(private readonly repository: HistoryRepository) {}

  async instances({ limit = LIMIT, ...filter }: InstancesRequest): Promise<InstancesReply> {
    return { instances: await this.repository.instances({ ...filter, limit }) };
  }

  async samples({ since, until, limit = LIMIT, ...which }: SamplesRequest): Promise<SamplesReply> {
    const samples = await this.repository.samples({
      ...which,
      since: since ? new Date(since) : undefined,
      until: until ? new Date(until) : undefined,
      limit,
    });
    return { samples };
  }
}
