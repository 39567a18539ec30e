// SPDX-License-Identifier: Apache-2.0
import { Loop } from '@l45/bus';
import { Transactions } from '@l45/cib';
import { L45Error, type Schedule, type ScheduleRequest } from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { nameOf } from '../admission/chain.js';
import { refuseUnlessLive } from '../admission/live.js';
import { refuseSameSignature } from '../admission/rotation-admission.service.js';
import { specify } from '../admission/specify.js';
import { BuilderGateway } from '../building/builder.gateway.js';
import { ANONYMOUS } from '../deployments/revise.js';
import { directionsOf } from '../rollout/phase.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import { DeploymentsRepository } from '../storage/deployments.repository.js';
import type { ScheduleRow } from '../storage/schedule.entity.js';
import { SchedulesRepository } from '../storage/schedules.repository.js';
import { DEFAULT_PACE, RotationsService } from './rotations.service.js';

const LOOK_MS = 1_000;
/** Replicas look in turn, so that each rotation begins once. */
const TURN = 'deployer schedules';

/** Rotates at intervals. */
@Injectable()
export class SchedulesService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #loop = new Loop(SchedulesService.name, () => this.#look());
  #timer?: NodeJS.Timeout;

  constructor(
    private readonly transactions: Transactions,
    private readonly repository: SchedulesRepository,
    private readonly deployments: DeploymentsRepository,
    private readonly rotations: RotationsService,
    private readonly builder: BuilderGateway,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.#loop.trigger(), LOOK_MS);
  }

  onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    return this.#loop.stop();
  }

  /** Everything that can be wrong with any of its rotations is found before it is stored. */
  async schedule(request: ScheduleRequest): Promise<Schedule> {
    const asked = rowOf(request);
    const begin = await this.transactions.run((manager) =>
      this.deployments.known(manager, request.from),
    );
    refuseUnlessLive(begin);
    await this.#check(asked, begin);
    return this.transactions.exclusively(TURN, async (manager) => {
      const existing = await this.repository.named(manager, asked.name);
      if (!existing) {
        await this.repository.save(manager, asked);
        return viewOf(asked);
      }
      if (isSame(existing, asked)) return viewOf(existing);
      const message = `another schedule is called "${asked.name}": end it with l45.deployer.unschedule first`;
      throw new L45Error('NAME_TAKEN', message);
    });
  }

  unschedule(name: string): Promise<Schedule> {
    return this.transactions.exclusively(TURN, async (manager) => {
      const row = await this.repository.named(manager, name);
      if (!row) throw new L45Error('UNKNOWN_SCHEDULE', `there is no schedule "${name}"`);
      await this.repository.delete(manager, row);
      return viewOf(row);
    });
  }

  list(): Promise<Schedule[]> {
    return this.transactions.run(async (manager) =>
      (await this.repository.all(manager)).map(viewOf),
    );
  }

  async #check({ deployments, interval, timeout, drain }: ScheduleRow, begin: DeploymentRow) {
    if (interval <= timeout + drain)
      throw new L45Error(
        'VALIDATION',
        `a rotation may take ${timeout + drain} seconds (timeout and drain), so that one every ${interval} is too fast: choose a longer interval, or a shorter timeout`,
        [
          {
            field: 'interval',
            rule: 'min',
            message: `interval must be more than ${timeout + drain}`,
          },
        ],
      );
    const names = [begin.specification.customization, ...deployments.map(nameOf)];
    const [first, ...others] = await Promise.all(names.map((one) => this.builder.describe(one)));
    const [again] = others;
    if (!first || !again) throw new TypeError('a schedule has deployments');
    [first, ...others].reduce((from, to) => (refuseSameSignature(from, to), to));
    others.concat(again).reduce((from, to) => (refuseSameSignature(from, to), to));
    const { ends } = begin.specification;
    for (const [i, customization] of others.entries()) {
      const one = deployments[i];
      if (one) specify({ ...one, ends: one.ends ?? ends }, customization);
    }
  }

  async #look(): Promise<void> {
    await this.transactions.exclusively(TURN, async (manager) => {
      for (const row of await this.repository.due(manager)) {
        const last = await this.deployments.named(manager, deploymentName(row, row.turns));
        // Unless the rotation to it was undone.
        const current = last && directionsOf[last.phase].length > 1 ? last.name : row.current;
        const begun = { ...row, current, turns: row.turns + 1 };
        const problem = await this.#rotate(begun);
        const nextAt = new Date(Date.now() + row.interval * 1_000);
        await this.repository.save(manager, { ...begun, nextAt, problem });
      }
    });
  }

  /** Beginning it again, after a crash, changes nothing: the name tells which one it is. */
  async #rotate(row: ScheduleRow): Promise<string | null> {
    const { current: from, turns, deployments, timeout, drain, author } = row;
    const successor = deployments[(turns - 1) % deployments.length];
    if (!successor) return 'nothing to rotate to';
    const to = { ...successor, name: deploymentName(row, turns) };
    const reason = `schedule ${row.name}`;
    try {
      await this.rotations.rotate({ from, to, timeout, drain, author, reason });
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

const deploymentName = ({ name }: ScheduleRow, turn: number): string => `${name}-${turn}`;

const rowOf = (request: ScheduleRequest): ScheduleRow => ({
  name: request.name,
  current: request.from,
  turns: 0,
  interval: request.interval,
  deployments: request.deployments,
  timeout: request.timeout ?? DEFAULT_PACE.timeout,
  drain: request.drain ?? DEFAULT_PACE.drain,
  author: request.author ?? ANONYMOUS,
  nextAt: new Date(Date.now() + request.interval * 1_000),
  problem: null,
});

const isSame = (one: ScheduleRow, other: ScheduleRow): boolean =>
  isDeepStrictEqual(
    [one.interval, plain(one.deployments), one.timeout, one.drain],
    [other.interval, plain(other.deployments), other.timeout, other.drain],
  );

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

const viewOf = ({
  name,
  current,
  interval,
  deployments,
  nextAt,
  problem,
}: ScheduleRow): Schedule => ({
  name,
  current,
  interval,
  deployments: deployments.map((one) => ({ customization: nameOf(one) })),
  nextAt: nextAt.toISOString(),
  ...(problem !== null && { problem }),
});
