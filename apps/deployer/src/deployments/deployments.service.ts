// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import {
  type Deployment,
  type DeploymentRequest,
  type DeployRequest,
  L45Error,
  type Mode,
  type PrioritiseRequest,
  type RevokeRequest,
  type RollbackRequest,
} from '@l45/contracts';
import { currentTraceparent } from '@l45/telemetry';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AdmissionService } from '../admission/admission.service.js';
import { ChallengePolicies } from '../admission/challenge-policy.js';
import { nameOf } from '../admission/chain.js';
import { candidateOf, deconflict } from '../admission/deconflict.js';
import { refuseUnlessLive } from '../admission/live.js';
import { specify } from '../admission/specify.js';
import { RotationAdmission } from '../admission/rotation-admission.service.js';
import { BuilderGateway } from '../building/builder.gateway.js';
import { isSettled, phaseAfterChange, phaseAfterRevoke } from '../rollout/phase.js';
import { Reconciler } from '../rollout/reconciler.service.js';
import { TURN } from '../rollout/turn.js';
import type { DeploymentRow, Specification } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import type { RevisionRow } from '../storage/revision.entity.js';
import { Convergence } from './convergence.service.js';
import { HistoryService } from './history.service.js';
import { Ledger } from './ledger.service.js';
import { newDeployment } from './new-deployment.js';
import { Outbox } from './outbox.service.js';
import { expectRevision, type Order } from './revise.js';
import { viewOf } from './view.js';

/** What a request changes; undefined: it is so already. */
type Change =
  Partial<Pick<DeploymentRow, 'mode' | 'priority' | 'deprecated' | 'forced' | 'phase'>> | undefined;
type Decide = (deployment: DeploymentRow, manager: EntityManager) => Change | Promise<Change>;

/** The verbs. Each is safe to repeat: what is as it should be already is not changed again. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly transactions: Transactions,
    private readonly repository: DeploymentsRepository,
    private readonly admission: AdmissionService,
    private readonly policies: ChallengePolicies,
    private readonly builder: BuilderGateway,
    private readonly reconciler: Reconciler,
    private readonly convergence: Convergence,
    private readonly history: HistoryService,
    private readonly rotations: RotationAdmission,
    private readonly ledger: Ledger,
    private readonly outbox: Outbox,
  ) {}

  async deploy(request: DeployRequest): Promise<Deployment> {
    const customization = await this.builder.describe(nameOf(request));
    const specification = specify(request, customization);
    return this.#establish(specification, request, { ...request, change: 'deploy' });
  }

  setMode(request: DeploymentRequest, mode: Mode): Promise<Deployment> {
    return this.#change(request, verbOf[mode], (deployment) =>
      deployment.mode === mode ? undefined : { mode },
    );
  }

  deprecate(request: DeploymentRequest): Promise<Deployment> {
    return this.#change(request, 'deprecate', ({ deprecated }) =>
      deprecated ? undefined : { deprecated: true },
    );
  }

  prioritise(request: PrioritiseRequest): Promise<Deployment> {
    return this.#change(request, 'prioritise', (deployment, manager) =>
      this.#prioritised(deployment, request.priority, manager),
    );
  }

  async revoke({ force = false, ...request }: RevokeRequest): Promise<Deployment> {
    const revoked = await this.#update(request, 'revoke', ({ phase, forced }) => {
      if (phase === 'revoked') return undefined;
      const next = { phase: phaseAfterRevoke(phase), forced: forced || force };
      return next.phase === phase && next.forced === forced ? undefined : next;
    });
    return this.#answer(revoked, request.wait);
  }

  /** A live deployment gets its settings back; one that is revoked since is deployed again. */
  async rollback({ revision, ...request }: RollbackRequest): Promise<Deployment> {
    const { name } = request;
    const [current, target] = await this.transactions.run(async (manager) => [
      await this.repository.known(manager, name),
      await this.history.revision(manager, name, revision),
    ]);
    if (target.settings.revoked) return this.revoke(request);
    if (current.phase === 'revoked') {
      const { specification } = await this.transactions.run((manager) =>
        this.repository.byId(manager, target.deployment),
      );
      const { priority, mode } = target.settings;
      const again = { ...specification, priority, mode };
      return this.#establish(again, request, { ...request, change: 'rollback' });
    }
    return this.#change(request, 'rollback', (deployment, manager) =>
      this.#restored(deployment, target, manager),
    );
  }

  status(name?: string): Promise<Deployment[]> {
    return this.transactions.run(async (manager) => {
      const rows = name
        ? [await this.repository.known(manager, name)]
        : await this.repository.live(manager);
      const evidence = await this.ledger.evidence(manager, rows);
      return rows.map((row) => viewOf(row, evidence));
    });
  }

  /** Everything that can be wrong is found before anything is stored. */
  async #establish(
    specification: Specification,
    { name, wait }: Pick<DeploymentRequest, 'name' | 'wait'>,
    order: Order,
  ): Promise<Deployment> {
    const existing = await this.transactions.run((manager) =>
      this.admission.admit(manager, name, specification, order),
    );
    if (existing) return this.#answer(existing, wait);

    await this.policies.admit(name, specification.ends);
    const builds = await this.builder.buildAll(
      specification.customization,
      await this.transactions.run((manager) => this.admission.targetsOf(manager, specification)),
    );
    // Another request may have come first since: look again, alone.
    const stored = await this.transactions.exclusively(TURN, async (manager) => {
      const other = await this.admission.admit(manager, name, specification, order);
      if (other) return other;
      const latest = await this.repository.latestRevision(manager, name);
      const members = await this.admission.membersOf(manager, specification);
      const fresh = newDeployment(name, specification, members);
      const deployment = { ...fresh, revision: (latest?.revision ?? 0) + 1 };
      await this.repository.saveBuilds(manager, builds);
      await this.ledger.record(manager, undefined, deployment, order);
      return deployment;
    });
    this.#hasChanged();
    return this.#answer(stored, wait);
  }

  #change(
    request: DeploymentRequest,
    change: Order['change'],
    decide: Decide,
  ): Promise<Deployment> {
    return this.#update(request, change, async (deployment, manager) => {
      refuseUnlessLive(deployment);
      await this.rotations.refuseIfRotated(manager, deployment);
      const decided = await decide(deployment, manager);
      return decided && { ...decided, phase: phaseAfterChange(deployment.phase) };
    }).then((changed) => this.#answer(changed, request.wait));
  }

  async #update(
    request: DeploymentRequest,
    change: Order['change'],
    decide: Decide,
  ): Promise<DeploymentRow> {
    const { name } = request;
    const deployment = await this.transactions.exclusively(TURN, async (manager) => {
      const before = await this.repository.known(manager, name);
      expectRevision(name, request, await this.repository.latestRevision(manager, name));
      const decided = await decide(before, manager);
      if (!decided) return before;
      const after = {
        ...before,
        ...decided,
        revision: before.revision + 1,
        traceparent: currentTraceparent() ?? null,
        updatedAt: new Date(),
      };
      await this.ledger.record(manager, before, after, { ...request, change });
      return after;
    });
    this.#hasChanged();
    return deployment;
  }

  async #prioritised(
    deployment: DeploymentRow,
    priority: number,
    manager: EntityManager,
  ): Promise<Change> {
    if (deployment.priority === priority) return undefined;
    const candidate = { ...candidateOf(deployment), priority };
    deconflict(candidate, await this.repository.live(manager));
    return { priority };
  }

  async #restored(
    deployment: DeploymentRow,
    { deployment: id, revision, settings }: RevisionRow,
    manager: EntityManager,
  ): Promise<Change> {
    const { name } = deployment;
    if (id !== deployment.id || settings.deprecated !== deployment.deprecated)
      throw new L45Error(
        'WRONG_STATE',
        `"${name}" cannot go back to revision ${revision} while it is deployed: revoke it, and roll back then`,
      );
    const prioritised = await this.#prioritised(deployment, settings.priority, manager);
    const isSame = !prioritised && settings.mode === deployment.mode;
    return isSame ? undefined : { ...prioritised, mode: settings.mode };
  }

  #answer({ id }: DeploymentRow, wait = 0): Promise<Deployment> {
    return this.convergence.deployment(id, wait, () =>
      this.transactions.run(async (manager) => {
        const deployment = await this.repository.byId(manager, id);
        const evidence = await this.ledger.evidence(manager, [deployment]);
        return { isSettled: isSettled(deployment.phase), value: viewOf(deployment, evidence) };
      }),
    );
  }

  #hasChanged(): void {
    this.reconciler.trigger();
    this.outbox.flush();
  }
}

const verbOf = { active: 'activate', inactive: 'deactivate', observe: 'observe' } as const;
