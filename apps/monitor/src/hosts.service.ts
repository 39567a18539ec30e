// SPDX-License-Identifier: Apache-2.0
import { type Host, type HostsReply, L45Error, OFFLINE_AFTER_MS } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { HostRow } from './storage/host.entity.js';
import { HostsRepository } from './storage/hosts.repository.js';

@Injectable()
export class HostsService {
  constructor(private readonly repository: HostsRepository) {}

  async hosts(name?: string): Promise<HostsReply> {
    if (name === undefined) return { hosts: (await this.repository.all()).map(viewOf) };
    const row = await this.repository.one(name);
    if (row) return { hosts: [viewOf(row)] };
    const known = (await this.repository.all()).map((host) => host.name).join(', ');
    throw new L45Error(
      'UNKNOWN_HOST',
      `no agent has ever reported as ${name}; known: ${known || 'none'}`,
    );
  }
}

function viewOf({ name, report, lastSeen }: HostRow): Host {
  const { target, bootId, agentVersion, desiredRevision } = report;
  const { customizations, instances, problems } = report;
  return {
    host: name,
    online: Date.now() - lastSeen.getTime() <= OFFLINE_AFTER_MS,
    lastSeen: lastSeen.toISOString(),
    target,
    bootId,
    agentVersion,
    desiredRevision,
    customizations,
    instances,
    problems,
  };
}
