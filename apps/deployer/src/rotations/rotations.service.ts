// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { L45Error, type RotateRequest, type Rotation, type RotationRequest } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { AdmissionService } from '../admission/admission.service.js';
import { nameOf } from '../admission/chain.js';
import { ChallengePolicies } from '../admission/challenge-policy.js';
import { refuseUnlessLive } from '../admission/live.js';
import { refuseSameSignature, RotationAdmission } from '../admission/rotation-admission.service.js';
import { specify } from '../admission/specify.js';
import { BuilderGateway } from '../building/builder.gateway.js';
import { Announcer } from '../deployments/announcer.service.js';
import { Convergence } from '../deployments/convergence.service.js';
import { Ledger } from '../deployments/ledger.service.js';
import { newDeployment } from '../deployments/new-deployment.js';
import { Outbox } from '../deployments/outbox.service.js';
import { ANONYMOUS, expectRevision, recordRotation } from '../deployments/revise.js';
import { rotationView } from '../deployments/view.js';
import { Reconciler } from '../rollout/reconciler.service.js';
import { abort, attachedBehind, leftBehind, OVER, type Turnover } from '../rollout/rotation.js';
import { TURN } from '../rollout/turn.js';
import type { DeploymentRow, Specification } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import type { RotationRow } from '../storage/rotation.entity.js';
import { RotationsRepository } from '../storage/rotations.repository.js';

export const DEFAULT_PACE = { timeout: 30, drain: 1 } as const;
const LOWEST_PRIORITY = 65_535;

/** Replaces deployments by others on live flows. The reconciler takes the steps. */
@Injectable()
export class RotationsService {
  constructor(
    private readonly transactions: Transactions,
    private readonly deployments: DeploymentsRepository,
    private readonly repository: RotationsRepository,
    private readonly admission: AdmissionService,
    private readonly rotations: RotationAdmission,
    private readonly policies: ChallengePolicies,
    private readonly builder: BuilderGateway,
    private readonly reconciler: Reconciler,
    private readonly convergence: Convergence,
    private readonly ledger: Ledger,
    private readonly announcer: Announcer,
    private readonly outbox: Outbox,
  ) {}

  /** Everything that can be wrong is found before anything is stored. */
  async rotate(request: RotateRequest): Promise<Rotation> {
    const { from: old } = await this.transactions.run((manager) => this.#admit(manager, request));
    const specification = await this.#specify(request, old.specification, old.priority);
    const planned = await this.transactions.run((manager) =>
      this.#admit(manager, request, specification),
    );
    if (planned.existing) return this.#answer(planned.existing, request.wait);

    await this.policies.admit(request.to.name, specification.ends);
    const targets = await this.transactions.run((manager) =>
      this.admission.targetsOf(manager, specification),
    );
    const builds = await this.builder.buildAll(specification.customization, targets);
    const rotation = await this.transactions.exclusively(TURN, async (manager) => {
      const { from, existing } = await this.#admit(manager, request, specification);
      if (existing) return existing;
      await this.deployments.saveBuilds(manager, builds);
      const members = await this.admission.membersOf(manager, specification);
      const fresh = newDeployment(request.to.name, specification, members);
      return this.#begin(manager, from, fresh, request);
    });
    this.#hasChanged();
    return this.#answer(rotation, request.wait);
  }

  async abort({ name, wait }: RotationRequest): Promise<Rotation> {
    const rotation = await this.transactions.exclusively(TURN, async (manager) => {
      const deployment = await this.deployments.known(manager, name);
      const undecided = await this.repository.undecided(manager, deployment.id);
      if (!undecided)
        throw new L45Error(
          'WRONG_STATE',
          `no rotation of "${name}" is under way that can be undone`,
        );
      const turnover = await this.#turnover(manager, undecided);
      const aborted = abort(turnover, 'on request', { now: new Date() });
      for (const end of ['from', 'to'] as const) {
        const { row, revision } = recordRotation(turnover[end], aborted[end], aborted.rotation);
        await this.deployments.save(manager, row);
        if (revision) await this.deployments.addRevisions(manager, [revision]);
      }
      await this.repository.save(manager, [aborted.rotation]);
      await this.#announce(manager, aborted.rotation);
      return aborted.rotation;
    });
    this.#hasChanged();
    return this.#answer(rotation, wait);
  }

  list(name?: string): Promise<Rotation[]> {
    return this.transactions.run(async (manager) => {
      const rows = name
        ? await this.repository.of(manager, [(await this.deployments.known(manager, name)).id])
        : await this.repository.live(manager);
      return Promise.all(rows.map((row) => this.#view(manager, row)));
    });
  }

  /** What is to be replaced; or the rotation that is the same already. */
  async #admit(
    manager: EntityManager,
    { from: name, to, ...order }: RotateRequest,
    specification?: Specification,
  ): Promise<{ from: DeploymentRow; existing?: RotationRow }> {
    const from = await this.deployments.known(manager, name);
    const known = await this.deployments.named(manager, to.name);
    const [latest] = known ? await this.repository.of(manager, [known.id]) : [];
    const isSame = latest && latest.from === from.id && latest.to === known?.id;
    if (isSame && latest.step !== 'aborted') return { from, existing: latest };
    refuseUnlessLive(from);
    await this.rotations.refuseIfRotated(manager, from);
    expectRevision(name, order, await this.deployments.latestRevision(manager, name));
    if (!specification) return { from };
    const other = await this.admission.admit(manager, to.name, specification, {}, from.id);
    if (other)
      throw new L45Error('NAME_TAKEN', `"${to.name}" is deployed already: choose another name`);
    return { from };
  }

  async #specify(
    { to }: RotateRequest,
    replaced: Specification,
    priority: number,
  ): Promise<Specification> {
    const [customization, old] = await Promise.all(
      [nameOf(to), replaced.customization].map((one) => this.builder.describe(one)),
    );
    if (!customization || !old) throw new TypeError('two customizations were asked for');
    refuseSameSignature(old, customization);
    const request = { ...to, priority: to.priority ?? priority, ends: to.ends ?? replaced.ends };
    if (Math.max(request.priority, priority) >= LOWEST_PRIORITY)
      throw new L45Error(
        'VALIDATION',
        `there is no priority behind ${LOWEST_PRIORITY}, where the new deployment has to wait: prioritise the old one first`,
      );
    return specify({ ...request, mode: 'active', attach: 'immediate' }, customization);
  }

  async #begin(
    manager: EntityManager,
    from: DeploymentRow,
    fresh: DeploymentRow,
    {
      author = ANONYMOUS,
      reason = null,
      timeout,
      drain,
    }: Omit<RotateRequest, 'reason'> & { reason?: string | null },
  ): Promise<RotationRow> {
    const latest = await this.deployments.latestRevision(manager, fresh.name);
    const behind = attachedBehind(from, fresh.priority);
    const to = {
      ...fresh,
      revision: (latest?.revision ?? 0) + 1,
      priorities: { client: behind, server: behind },
    };
    const now = new Date();
    const seconds = timeout ?? DEFAULT_PACE.timeout;
    const rotation: RotationRow = {
      id: randomUUID(),
      from: from.id,
      to: to.id,
      step: 'attach',
      deadline: new Date(now.getTime() + seconds * 1_000),
      drainSeconds: drain ?? DEFAULT_PACE.drain,
      behind: leftBehind(from, to.priority),
      received: null,
      quietSince: null,
      switchedAt: null,
      problem: null,
      author,
      reason,
      createdAt: now,
      updatedAt: now,
    };
    await this.ledger.record(manager, undefined, to, { change: 'rotate', author, reason });
    await this.repository.save(manager, [rotation]);
    await this.#announce(manager, rotation);
    return rotation;
  }

  async #announce(manager: EntityManager, rotation: RotationRow): Promise<void> {
    const turnover = await this.#turnover(manager, rotation);
    const evidence = await this.ledger.evidence(manager, [turnover.from, turnover.to]);
    await this.announcer.announceRotation(manager, turnover, evidence);
  }

  async #turnover(manager: EntityManager, rotation: RotationRow): Promise<Turnover> {
    const from = await this.deployments.byId(manager, rotation.from);
    const to = await this.deployments.byId(manager, rotation.to);
    return { rotation, from, to };
  }

  async #view(manager: EntityManager, rotation: RotationRow): Promise<Rotation> {
    const turnover = await this.#turnover(manager, rotation);
    const evidence = await this.ledger.evidence(manager, [turnover.from, turnover.to]);
    return rotationView(turnover, evidence);
  }

  #answer({ id }: RotationRow, wait = 0): Promise<Rotation> {
    return this.convergence.rotation(id, wait, () =>
      this.transactions.run(async (manager) => {
        const rotation = await this.repository.byId(manager, id);
        const value = await this.#view(manager, rotation);
        return { isSettled: OVER.includes(rotation.step), value };
      }),
    );
  }

  #hasChanged(): void {
    this.reconciler.trigger();
    this.outbox.flush();
  }
}
