// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import type { Target } from '@l45/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { BuilderGateway } from '../building/builder.gateway.js';
import type { BuildRow } from '../storage/build.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import { lostBuilds, type Missing, missingBuilds, type Outcome } from './round.js';

/**
 * Builds what is missing for hosts that boot another kernel than they were deployed to, and what the
 * object store has lost.
 */
@Injectable()
export class RebuildService {
  readonly #logger = new Logger(RebuildService.name);
  readonly #underWay = new Set<string>();

  constructor(
    private readonly builder: BuilderGateway,
    private readonly transactions: Transactions,
    private readonly repository: DeploymentsRepository,
  ) {}

  /** Begins all that is missing, or lost; `again`: also what failed before. */
  catchUp(outcome: Outcome, again: boolean, built: () => void): void {
    const missing = missingBuilds(outcome).filter(
      ({ customization, target }) => again || !outcome.builds.find(customization, target),
    );
    for (const one of [...missing, ...lostBuilds(outcome)]) this.#begin(one, built);
  }

  #begin({ customization, target }: Missing, built: () => void): void {
    const key = `${customization} ${target.kernelRelease} ${target.arch}`;
    if (this.#underWay.has(key)) return;
    this.#underWay.add(key);
    this.#build(customization, target)
      .then(built)
      .catch((error: unknown) => this.#logger.warn(`${customization}: ${String(error)}`))
      .finally(() => this.#underWay.delete(key));
  }

  async #build(customization: string, target: Target): Promise<void> {
    const row = await this.builder
      .build(customization, target)
      .catch((error: unknown) => failure(customization, target, error));
    await this.transactions.run((manager) =>
      row.artifacts
        ? this.repository.saveBuilds(manager, [row])
        : this.repository.saveFailure(manager, row),
    );
  }
}

const failure = (customization: string, target: Target, error: unknown): BuildRow => ({
  customization,
  kernelRelease: target.kernelRelease,
  arch: target.arch,
  artifacts: null,
  problem: error instanceof Error ? error.message : String(error),
});
