// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import {
  ENDPOINTS,
  type Host,
  L45Error,
  type PreflightReply,
  type PreflightRequest,
  type Target,
  type TargetPreflight,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { Catalogue } from '../catalogue/catalogue.js';
import { Builds } from './builds.js';

interface Wanted {
  target: Target;
  hosts: string[];
}

/** Tells what a build would do, without doing it. */
@Injectable()
export class Preflight {
  constructor(
    private readonly builds: Builds,
    private readonly catalogue: Catalogue,
    private readonly client: BusClient,
  ) {}

  async check({ customization, targets, hosts }: PreflightRequest): Promise<PreflightReply> {
    await this.catalogue.find(customization);
    const all = [
      ...(targets ?? []).map((target) => ({ target, hosts: [] })),
      ...(hosts || !targets ? await this.#hosts(hosts) : []),
    ];
    const checked = merge(all).map((wanted) => this.#check(customization, wanted));
    return { customization, targets: await Promise.all(checked) };
  }

  async #check(customization: string, { target, hosts }: Wanted): Promise<TargetPreflight> {
    try {
      const modules = await this.builds.foresee({ customization, target });
      const status = modules.every(({ cached }) => cached) ? 'cached' : 'to build';
      return { target, hosts, status, modules };
    } catch (error) {
      if (!(error instanceof L45Error)) throw error;
      const { name, message } = error;
      return { target, hosts, status: 'impossible', modules: [], problem: { name, message } };
    }
  }

  async #hosts(names: string[] | undefined): Promise<Wanted[]> {
    const hosts = await this.#known();
    const unknown = names?.filter((name) => !hosts.some(({ host }) => host === name)) ?? [];
    if (unknown.length)
      throw new L45Error('UNKNOWN_HOST', `no agent has ever reported as ${unknown.join(', ')}`);
    return hosts
      .filter(({ host }) => !names || names.includes(host))
      .map(({ host, target }) => ({ target, hosts: [host] }));
  }

  /** Every host; an answer has room for some. */
  async #known(): Promise<Host[]> {
    const known: Host[] = [];
    for (let after: string | undefined; ;) {
      const { hosts, next } = await this.client.request(ENDPOINTS.monitor.hosts, { after });
      known.push(...hosts);
      if (next === undefined) return known;
      after = next;
    }
  }
}

/** Each target once. */
function merge(all: Wanted[]): Wanted[] {
  const merged = new Map<string, Wanted>();
  for (const { target, hosts } of all) {
    const key = `${target.kernelRelease} ${target.arch}`;
    merged.set(key, { target, hosts: [...(merged.get(key)?.hosts ?? []), ...hosts] });
  }
  return [...merged.values()];
}
