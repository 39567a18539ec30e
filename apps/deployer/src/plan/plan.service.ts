// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import {
  type DeployRequest,
  L45Error,
  type Plan,
  type PlanRequest,
  type TargetPreflight,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AdmissionService } from '../admission/admission.service.js';
import { candidateOf, deconflict } from '../admission/deconflict.js';
import { refuseUnlessLive } from '../admission/live.js';
import { nameOf } from '../admission/chain.js';
import { specify } from '../admission/specify.js';
import { BuilderGateway } from '../building/builder.gateway.js';
import { newDeployment } from '../deployments/new-deployment.js';
import { Builds } from '../rollout/builds.js';
import { Fleet } from '../rollout/fleet.service.js';
import { observe } from '../rollout/observe.js';
import { placementsOf } from '../rollout/placement.js';
import { desiredOf } from '../rollout/project.js';
import type { BuildRow } from '../storage/build.entity.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { HostRow } from '../storage/host.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { compare } from './compare.js';

type Change = NonNullable<PlanRequest['change']>;

/** Tells what requests would change, by the code that changes it. */
@Injectable()
export class PlanService {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeploymentsRepository,
    private readonly admission: AdmissionService,
    private readonly builder: BuilderGateway,
    private readonly fleet: Fleet,
  ) {}

  async plan({ deploy, change, name, priority }: PlanRequest): Promise<Plan> {
    if (deploy && !change) return this.#deploy(deploy);
    if (change && name && !deploy) return this.#change(name, change, priority);
    throw new L45Error(
      'VALIDATION',
      'plan needs either deploy, a request, or change and name: what is to be changed of which deployment',
    );
  }

  async #deploy(request: DeployRequest): Promise<Plan> {
    const { name } = request;
    const customization = await this.builder.describe(nameOf(request));
    const specification = specify(request, customization);
    const targets = await this.transactions.run((manager) =>
      this.admission.targetsOf(manager, specification),
    );
    const foreseen = await this.builder.preflight(customization.name, targets);
    return this.transactions.run(async (manager) => {
      if (await this.admission.admit(manager, name, specification, request))
        return { hosts: [], builds: [] };
      const members = await this.admission.membersOf(manager, specification);
      const after = { ...newDeployment(name, specification, members), phase: 'deployed' as const };
      const builds = foreseen.map((one) => buildOf(customization.name, one));
      return this.#compare(manager, undefined, after, builds, foreseen);
    });
  }

  #change(name: string, change: Change, priority: number | undefined): Promise<Plan> {
    return this.transactions.run(async (manager) => {
      const before = await this.repository.known(manager, name);
      if (change !== 'revoke') refuseUnlessLive(before);
      const after = changed(before, change, priority);
      if (change === 'prioritise')
        deconflict(candidateOf(after), await this.repository.live(manager));
      return this.#compare(manager, before, after, [], []);
    });
  }

  async #compare(
    manager: EntityManager,
    before: DeploymentRow | undefined,
    after: DeploymentRow,
    extra: BuildRow[],
    foreseen: TargetPreflight[],
  ): Promise<Plan> {
    const live = await this.repository.live(manager);
    const known = new Builds([...extra, ...(await this.repository.builds(manager)).rows]);
    const others = live.filter(({ id }) => id !== after.id);
    const names = [...new Set(placementsOf(after).map(({ host }) => host))];
    const rows = await this.repository.hosts(manager, names);
    const hosts = names.flatMap((name) => rows.get(name) ?? this.#newHost(name) ?? []);
    const desired = (host: HostRow, deployments: DeploymentRow[]) => {
      const placements = deployments.flatMap(placementsOf).filter((one) => one.host === host.name);
      return desiredOf(host, placements, known);
    };
    const plans = hosts.flatMap((host) => {
      const build = known.find(after.specification.customization, host.target);
      const now = desired(host, before ? [...others, before] : others);
      const plan = compare(host.name, now, desired(host, [...others, after]));
      if (plan) return [plan];
      if (!build?.problem) return [];
      const nothing = { load: [], unload: [], create: [], change: [], remove: [] };
      return [{ host: host.name, ...nothing, problem: build.problem }];
    });
    return { hosts: plans, builds: foreseen };
  }

  #newHost(name: string): HostRow | undefined {
    const report = this.fleet.report(name);
    return report && observe(undefined, report, new Date());
  }
}

function changed(row: DeploymentRow, change: Change, priority = row.priority): DeploymentRow {
  switch (change) {
    case 'activate':
      return { ...row, mode: 'active' };
    case 'deactivate':
      return { ...row, mode: 'inactive' };
    case 'observe':
      return { ...row, mode: 'observe' };
    case 'prioritise':
      return { ...row, priority };
    case 'deprecate':
      return { ...row, deprecated: true };
    case 'revoke':
      return { ...row, phase: 'revoked' };
  }
}

/** A build as it would be. */
const buildOf = (
  customization: string,
  { target, modules, problem }: TargetPreflight,
): BuildRow => ({
  customization,
  ...target,
  artifacts: problem
    ? null
    : modules.map(({ name }) => ({ name, digest: '', size: 0, srcversion: '' })),
  problem: problem?.message ?? null,
});
