// SPDX-License-Identifier: Apache-2.0
import type { TestService } from '@l45/bus/testing';
import { type Deployment, ENDPOINTS, type Ends, L45Error } from '@l45/contracts';
import type { Random } from './random.js';

/** Of one deployment and the next one, so that none is ever refused for another. */
const DISTANCE = 1_000;

export interface Task {
  /** Of deployments. */
  names: readonly string[];
  customizations: readonly string[];
  /** Where a deployment of now goes. */
  ends: (random: Random) => Ends;
}

/** Asks for changes at random, and remembers what was acknowledged. */
export class Operator {
  readonly acknowledged: Pick<Deployment, 'id' | 'name' | 'revision'>[] = [];
  /** How often, by what was said. */
  readonly refusals = new Map<string, number>();
  #turns = 0;

  constructor(
    private readonly service: TestService,
    private readonly task: Task,
    private readonly random: Random,
  ) {}

  /** One change; what is refused, or gets no answer, is no loss. */
  async act(): Promise<void> {
    try {
      const changed = await this.#change();
      if (changed) this.acknowledged.push(changed);
    } catch (error) {
      const refusal = error instanceof L45Error ? error.name : String(error);
      this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
    }
  }

  #change(): Promise<Deployment | undefined> {
    const { client } = this.service;
    const { deployer } = ENDPOINTS;
    const { names, customizations, ends } = this.task;
    const place = this.random.below(names.length);
    const name = names[place] ?? '';
    const customization = this.random.pick(customizations);
    const priority = place * DISTANCE;
    switch (this.random.below(7)) {
      case 0:
      case 1:
      case 2:
        return client.request(deployer.deploy, {
          name,
          customization,
          priority,
          ends: ends(this.random),
        });
      case 3:
        return client.request(deployer.revoke, { name });
      case 4:
        return client.request(deployer.prioritise, {
          name,
          priority: priority + this.random.below(99),
        });
      case 5:
        return client.request(this.random.pick([deployer.activate, deployer.deactivate]), { name });
      default:
        return this.#rotate(name, customization);
    }
  }

  async #rotate(from: string, customization: string): Promise<undefined> {
    const to = { name: `${from}${++this.#turns}`, customization };
    await this.service.client.request(ENDPOINTS.deployer.rotate, {
      from,
      to,
      timeout: 5,
      drain: 0,
    });
  }
}
