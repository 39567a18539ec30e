// SPDX-License-Identifier: Apache-2.0
import {
  type ErrorDetail,
  L45Error,
  type Role,
  ROLES,
  type Selector,
  type Target,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from 'typeorm';
import { distinctTargets } from '../rollout/builds.js';
import { Fleet } from '../rollout/fleet.service.js';
import { hostsOf, type Members, selected } from '../rollout/membership.js';
import { expectRevision, type Order } from '../deployments/revise.js';
import { stateOf } from '../rollout/phase.js';
import type { DeploymentRow, Specification } from '../storage/deployment.entity.js';
import type { HostRow } from '../storage/host.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { hideBytes, hideLinks } from './bytes.js';
import { deconflict } from './deconflict.js';
import { didYouMean } from './near.js';

/** Whether what is asked for can go with what there is. */
@Injectable()
export class AdmissionService {
  constructor(
    private readonly repository: DeploymentsRepository,
    private readonly fleet: Fleet,
  ) {}

  /** The deployment that is the same already; undefined: a new one may be made. */
  async admit(
    manager: EntityManager,
    name: string,
    specification: Specification,
    order: Pick<Order, 'ifRevision'>,
    /** Identifier of a deployment that is to make place for it. */
    replaced?: string,
  ): Promise<DeploymentRow | undefined> {
    expectRevision(name, order, await this.repository.latestRevision(manager, name));
    const { priority, ends } = specification;
    await this.targetsOf(manager, specification);
    const members = await this.membersOf(manager, specification);
    const live = await this.repository.live(manager);
    const existing = live.find((deployment) => deployment.name === name);
    if (!existing) {
      const rivals = live.filter(({ id }) => id !== replaced);
      deconflict({ name, priority, ends, members }, rivals);
      return undefined;
    }
    if (stateOf[existing.phase] === 'revoking')
      throw new L45Error(
        'WRONG_STATE',
        `"${name}" is being revoked: wait until it is, and ask again`,
      );
    const differences = differencesOf(specification, existing.specification);
    if (differences.length === 0) return existing;
    throw new L45Error(
      'NAME_TAKEN',
      `"${name}" is deployed with other ${differences.map(({ field }) => field).join(', ')}: revoke it first, or choose another name`,
      differences,
    );
  }

  /** Hosts that have the labels now; NO_HOST if an end has no host at all. */
  async membersOf(manager: EntityManager, { ends }: Specification): Promise<Members> {
    if (!ROLES.some((role) => ends[role]?.selector)) return {};
    const known = new Map<string, Pick<HostRow, 'name' | 'labels'>>();
    for (const host of await this.repository.allHosts(manager)) known.set(host.name, host);
    for (const report of this.fleet.reports()) known.set(report.name, report);
    const hosts = [...known.values()];
    const members = selected(ends, hosts);
    for (const role of ROLES) {
      const { selector } = ends[role] ?? {};
      if (selector && hostsOf(ends, members, role).length === 0)
        throw noHost(role, selector, hosts);
    }
    return members;
  }

  /** What there are binaries needed for; UNKNOWN_HOST names all hosts that never reported. */
  async targetsOf(manager: EntityManager, specification: Specification): Promise<Target[]> {
    const members = await this.membersOf(manager, specification);
    const names = ROLES.flatMap((role) => hostsOf(specification.ends, members, role));
    const rows = await this.repository.hosts(manager, names);
    const found = names.map((name) => ({
      name,
      target: rows.get(name)?.target ?? this.fleet.report(name)?.target,
    }));
    const unknown = found.filter(({ target }) => !target);
    if (unknown.length) {
      const known = await this.repository.hostNames(manager);
      throw unknownHosts(
        unknown.map(({ name }) => name),
        known,
      );
    }
    return distinctTargets(found.flatMap(({ target }) => target ?? []));
  }
}

function differencesOf(asked: Specification, existing: Specification): ErrorDetail[] {
  const fields = Object.keys(asked) as (keyof Specification)[];
  return fields
    .filter((field) => !isDeepStrictEqual(asked[field], existing[field]))
    .map((field) => ({
      field,
      message: `${field} is ${show(existing, field)}, not ${show(asked, field)}`,
    }));
}

function show({ params, chain, ...rest }: Specification, field: keyof Specification): string {
  const shown = { ...rest, params: hideBytes(params), chain: chain && hideLinks(chain) };
  return JSON.stringify(shown[field]);
}

function unknownHosts(names: string[], known: string[]): L45Error {
  const details = names.map((host) => ({
    host,
    message: `no agent has ever reported as ${host}${didYouMean(host, known)}`,
  }));
  return new L45Error('UNKNOWN_HOST', details.map(({ message }) => message).join('; '), details);
}

function noHost(role: Role, { labels }: Selector, hosts: Pick<HostRow, 'labels'>[]): L45Error {
  const text = (entries: Record<string, string>) =>
    Object.entries(entries).map(([name, value]) => `${name}=${value}`);
  const known = [...new Set(hosts.flatMap((host) => text(host.labels)))].toSorted();
  const message = `no host has ${text(labels).join(' and ')}; labels of hosts: ${known.join(', ') || 'none'}`;
  return new L45Error('NO_HOST', message, [{ field: `ends.${role}.selector`, message }]);
}
