// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import {
  type Deployment,
  type DeployRequest,
  L45Error,
  type Mode,
  type PrioritiseRequest,
} from '@l45/contracts';
import { currentTraceparent } from '@l45/telemetry';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { AdmissionService } from '../admission/admission.service.js';
import { deconflict } from '../admission/deconflict.js';
import { didYouMean } from '../admission/near.js';
import { specify } from '../admission/specify.js';
import { BuilderGateway } from '../building/builder.gateway.js';
import { Fleet } from '../rollout/fleet.service.js';
import { phaseAfterChange, phaseAfterRevoke, stateOf } from '../rollout/phase.js';
import { placementsOf } from '../rollout/placement.js';
import type { Evidence } from '../rollout/progress.js';
import { Reconciler } from '../rollout/reconciler.service.js';
import { TURN } from '../rollout/turn.js';
import type { BuildRow } from '../storage/build.entity.js';
import type { DeploymentRow, Specification } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { Announcer } from './announcer.service.js';
import { Convergence } from './convergence.service.js';
import { viewOf } from './view.js';

/** What a request changes; undefined: it is so already. */
type Change =
  Partial<Pick<DeploymentRow, 'mode' | 'priority' | 'deprecated' | 'phase'>> | undefined;
type Decide = (deployment: DeploymentRow, manager: EntityManager) => Change | Promise<Change>;

/** The verbs. Each is safe to repeat: what is as it should be already is not changed again. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeploymentsRepository,
    private readonly admission: AdmissionService,
    private readonly builder: BuilderGateway,
    private readonly reconciler: Reconciler,
    private readonly convergence: Convergence,
    private readonly announcer: Announcer,
    private readonly fleet: Fleet,
  ) {}

  /** Everything that can be wrong is found before anything is stored. */
  async deploy(request: DeployRequest): Promise<Deployment> {
    const { name, wait } = request;
    const customization = await this.builder.describe(request.customization);
    const specification = specify(request, customization);
    const existing = await this.transactions.run((manager) =>
      this.admission.admit(manager, name, specification),
    );
    if (existing) return this.#answer(existing, wait);

    const builds = await this.#build(specification);
    const deployment = newDeployment(name, specification);
    // Another request may have come first since: look again, alone.
    const stored = await this.transactions.exclusively(TURN, async (manager) => {
      const other = await this.admission.admit(manager, name, specification);
      if (other) return other;
      await this.repository.saveBuilds(manager, builds);
      await this.repository.save(manager, deployment);
      return deployment;
    });
    if (stored.id === deployment.id) await this.#hasChanged(stored);
    return this.#answer(stored, wait);
  }

  setMode(name: string, mode: Mode, wait?: number): Promise<Deployment> {
    return this.#change(name, wait, (deployment) =>
      deployment.mode === mode ? undefined : { mode },
    );
  }

  deprecate(name: string, wait?: number): Promise<Deployment> {
    return this.#change(name, wait, ({ deprecated }) =>
      deprecated ? undefined : { deprecated: true },
    );
  }

  prioritise({ name, priority, wait }: PrioritiseRequest): Promise<Deployment> {
    return this.#change(name, wait, async (deployment, manager) => {
      if (deployment.priority === priority) return undefined;
      const { ends } = deployment.specification;
      deconflict({ name, priority, ends }, await this.repository.live(manager));
      return { priority };
    });
  }

  async revoke(name: string, wait?: number): Promise<Deployment> {
    const revoked = await this.#update(name, ({ phase }) => {
      const next = phaseAfterRevoke(phase);
      return next === phase ? undefined : { phase: next };
    });
    return this.#answer(revoked, wait);
  }

  status(name?: string): Promise<Deployment[]> {
    return this.transactions.run(async (manager) => {
      const rows = name ? [await this.#named(manager, name)] : await this.repository.live(manager);
      const evidence = await this.#evidence(manager, rows);
      return rows.map((row) => viewOf(row, evidence));
    });
  }

  #change(name: string, wait: number | undefined, decide: Decide): Promise<Deployment> {
    return this.#update(name, async (deployment, manager) => {
      refuseUnlessLive(deployment);
      const change = await decide(deployment, manager);
      return change && { ...change, phase: phaseAfterChange(deployment.phase) };
    }).then((changed) => this.#answer(changed, wait));
  }

  async #update(name: string, decide: Decide): Promise<DeploymentRow> {
    let changed = false;
    const deployment = await this.transactions.exclusively(TURN, async (manager) => {
      const before = await this.#named(manager, name);
      const change = await decide(before, manager);
      if (!change) return before;
      const after = {
        ...before,
        ...change,
        revision: before.revision + 1,
        traceparent: currentTraceparent() ?? null,
        updatedAt: new Date(),
      };
      await this.repository.save(manager, after);
      changed = true;
      return after;
    });
    if (changed) await this.#hasChanged(deployment);
    return deployment;
  }

  async #named(manager: EntityManager, name: string): Promise<DeploymentRow> {
    const deployment = await this.repository.named(manager, name);
    if (deployment) return deployment;
    const known = (await this.repository.live(manager)).map((live) => live.name);
    throw new L45Error(
      'UNKNOWN_DEPLOYMENT',
      `there is no deployment "${name}"${didYouMean(name, known)}`,
    );
  }

  async #build(specification: Specification): Promise<BuildRow[]> {
    const targets = await this.transactions.run((manager) =>
      this.admission.targetsOf(manager, specification),
    );
    return Promise.all(
      targets.map((target) => this.builder.build(specification.customization, target)),
    );
  }

  #answer({ id }: DeploymentRow, wait = 0): Promise<Deployment> {
    return this.convergence.settled(id, wait, () =>
      this.transactions.run(async (manager) => {
        const deployment = await this.repository.byId(manager, id);
        const evidence = await this.#evidence(manager, [deployment]);
        return { phase: deployment.phase, value: viewOf(deployment, evidence) };
      }),
    );
  }

  async #evidence(manager: EntityManager, deployments: DeploymentRow[]): Promise<Evidence> {
    const names = deployments.flatMap((one) => placementsOf(one).map(({ host }) => host));
    const hosts = await this.repository.hosts(manager, [...new Set(names)]);
    const builds = await this.repository.builds(manager);
    return { hosts, builds, silentSince: (host) => this.fleet.silentSince(host) };
  }

  async #hasChanged(deployment: DeploymentRow): Promise<void> {
    this.reconciler.trigger();
    const evidence = await this.transactions.run((manager) =>
      this.#evidence(manager, [deployment]),
    );
    this.announcer.announce(deployment, evidence);
  }
}

function newDeployment(name: string, specification: Specification): DeploymentRow {
  const { priority, mode } = specification;
  const now = new Date();
  return {
    id: randomUUID(),
    name,
    specification,
    priority,
    mode,
    deprecated: false,
    phase: 'ingress',
    revision: 1,
    traceparent: currentTraceparent() ?? null,
    createdAt: now,
    updatedAt: now,
  };
}

function refuseUnlessLive({ name, phase }: DeploymentRow): void {
  const state = stateOf[phase];
  if (state === 'revoking' || state === 'revoked')
    throw new L45Error(
      'WRONG_STATE',
      `"${name}" is ${state}: wait until it is revoked, and deploy it again`,
    );
}
