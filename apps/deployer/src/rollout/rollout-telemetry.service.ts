// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { currentMetrics, durations, inSpan, type Reading, withTraceparent } from '@l45/telemetry';
import {
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { isSettled } from './phase.js';
import { progressOf } from './progress.js';
import { Reconciler } from './reconciler.service.js';
import type { Outcome } from './round.js';

/** Rollouts as metrics, and as steps of the traces of those who asked for them. */
@Injectable()
export class RolloutTelemetry implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(RolloutTelemetry.name);
  readonly #durations = durations(
    'l45.rollout.duration',
    'From a change that was asked for until every host confirms it',
  );
  /** Revision at which each deployment was seen settled: what it loses later is another story. */
  readonly #settled = new Map<string, number>();
  #outcome?: Outcome;
  #forget: (() => void)[] = [];

  constructor(
    private readonly reconciler: Reconciler,
    private readonly transactions: Transactions,
    private readonly repository: DeploymentsRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.#forget = [
      this.reconciler.onRound((outcome) => this.#take(outcome)),
      currentMetrics.add(
        {
          name: 'l45.deployments',
          description: 'Deployments that are not revoked: one each, with its name and phase',
          kind: 'gauge',
        },
        () => this.#live().map((one) => ({ value: 1, attributes: labelsOf(one) })),
      ),
      currentMetrics.add(
        {
          name: 'l45.deployment.hosts',
          description: 'Hosts of a deployment, by whether they have what its phase asks for',
          kind: 'gauge',
        },
        () => this.#live().flatMap((one) => this.#hostsOf(one)),
      ),
    ];
  }

  onModuleDestroy(): void {
    for (const forget of this.#forget) forget();
  }

  #take(outcome: Outcome): void {
    this.#outcome = outcome;
    for (const deployment of outcome.deployments.values()) {
      const { id, phase, revision } = deployment;
      const isNews = outcome.changedDeployments.has(id);
      if (isNews) void trace(deployment);
      if (!isSettled(phase)) continue;
      if (isNews && this.#settled.get(id) !== revision) void this.#record(deployment);
      this.#settled.set(id, revision);
      if (phase === 'revoked') this.#settled.delete(id);
    }
  }

  async #record(deployment: DeploymentRow): Promise<void> {
    const { name, revision, updatedAt, specification, traceparent } = deployment;
    try {
      const asked = await this.transactions.run((manager) =>
        this.repository.latestRevision(manager, name),
      );
      // A later change begins a rollout of its own.
      if (asked?.revision !== revision) return;
      const seconds = (updatedAt.getTime() - asked.at.getTime()) / 1_000;
      withTraceparent(traceparent ?? undefined, () =>
        this.#durations.record(seconds, {
          'l45.change': asked.change,
          'l45.customization': specification.customization,
        }),
      );
    } catch (error) {
      this.#logger.warn(`how long ${name} took is lost: ${String(error)}`);
    }
  }

  #live(): DeploymentRow[] {
    const all = [...(this.#outcome?.deployments.values() ?? [])];
    return all.filter(({ phase }) => phase !== 'revoked');
  }

  #hostsOf(deployment: DeploymentRow): Reading[] {
    if (!this.#outcome) return [];
    const { hosts, builds } = this.#outcome;
    const progress = progressOf(deployment, {
      hosts,
      builds,
      silentSince: () => undefined,
      unreadBy: () => undefined,
    });
    return [true, false].map((converged) => ({
      value: progress.filter((host) => host.converged === converged).length,
      attributes: { 'l45.deployment': deployment.id, 'l45.converged': converged },
    }));
  }
}

const labelsOf = ({ id, name, phase, specification }: DeploymentRow) => ({
  'l45.deployment': id,
  'l45.deployment.name': name,
  'l45.customization': specification.customization,
  'l45.phase': phase,
});

const trace = (deployment: DeploymentRow): Promise<void> =>
  withTraceparent(deployment.traceparent ?? undefined, () =>
    inSpan(`rollout ${deployment.phase}`, labelsOf(deployment), async () => undefined),
  );
