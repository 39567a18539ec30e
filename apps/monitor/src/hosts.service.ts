// SPDX-License-Identifier: Apache-2.0
import {
  type Host,
  type HostsReply,
  type HostsRequest,
  L45Error,
  OFFLINE_AFTER_MS,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { HostRow } from './storage/host.entity.js';
import { HostsRepository } from './storage/hosts.repository.js';

const LIMIT = 100;
/** Hosts that an error names. */
const NAMED = 10;

@Injectable()
export class HostsService {
  constructor(private readonly repository: HostsRepository) {}

  async hosts({ host, after = '', limit = LIMIT }: HostsRequest): Promise<HostsReply> {
    if (host !== undefined) return { hosts: [viewOf(await this.#known(host))] };
    const rows = await this.repository.page(after, limit + 1);
    const hosts = rows.slice(0, limit).map(viewOf);
    const next = rows.length > limit ? hosts.at(-1)?.host : undefined;
    return { hosts, ...(next && { next }) };
  }

  async #known(name: string): Promise<HostRow> {
    const row = await this.repository.one(name);
    if (row) return row;
    const all = await this.repository.names();
    const more = all.length > NAMED ? `, and ${all.length - NAMED} more` : '';
    const known = all.slice(0, NAMED).join(', ') + more;
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
