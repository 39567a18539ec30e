// SPDX-License-Identifier: Apache-2.0
import { BusClient, EventPublisher } from '@l45/bus';
import {
  type ChallengeRequest,
  type ChallengeResult,
  type Deployment,
  ENDPOINTS,
  L45Error,
} from '@l45/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { Challenger } from './challenger.js';
import { History } from './history.js';
import { Hosts, type Subject } from './hosts.js';

/** Of a challenge that somebody waits for. */
const WINDOW_MS = 4_000;

/** Challenges, and what follows from their results. */
@Injectable()
export class Challenges {
  readonly #logger = new Logger(Challenges.name);

  constructor(
    private readonly client: BusClient,
    private readonly events: EventPublisher,
    private readonly hosts: Hosts,
    private readonly challenger: Challenger,
    private readonly history: History,
  ) {}

  /** On demand: tells, and revokes nothing. */
  async challenge({ deployment: name, host }: ChallengeRequest): Promise<ChallengeResult[]> {
    const deployment = await this.#live(name);
    const subjects = this.hosts
      .instancesOf(deployment)
      .filter((subject) => !host || subject.host === host);
    if (subjects.length === 0) throw noInstance(name, host);
    const results = await Promise.all(
      subjects.map((subject) => this.challenger.challenge(subject, WINDOW_MS)),
    );
    // What went while it was asked is no failure, and no alarm.
    const known = new Set(this.hosts.instancesOf(deployment).map(({ instance }) => instance));
    const gone = results.find((result) => failed(result) && !known.has(result.instance));
    if (gone) throw noInstance(name, gone.host);
    await this.history.record(results);
    await Promise.all(results.filter(failed).map((result) => this.#tell(result, false)));
    return results;
  }

  /** By a policy: what does not pass is revoked. */
  async enforce(subject: Subject, windowMs: number): Promise<void> {
    const result = await this.challenger.challenge(subject, windowMs);
    if (failed(result) && !(await this.#isStill(subject))) return;
    await this.history.record([result]);
    if (!failed(result)) return;
    const reason = `challenge of ${result.host}: ${result.outcome}`;
    this.#logger.error(`revoking ${subject.deployment}: ${reason}; ${result.message}`);
    await this.client.request(ENDPOINTS.deployer.revoke, {
      name: subject.deployment,
      author: 'security',
      reason,
    });
    await this.#tell(result, true);
  }

  live(): Promise<Deployment[]> {
    return this.client
      .request(ENDPOINTS.deployer.status, {})
      .then(({ deployments }) => deployments.filter(isLive));
  }

  async #live(name: string): Promise<Deployment> {
    const { deployments } = await this.client.request(ENDPOINTS.deployer.status, { name });
    const found = deployments.find(isLive);
    if (found) return found;
    throw new L45Error('WRONG_STATE', `"${name}" is revoked: there is nothing to challenge`);
  }

  /** Who was revoked meanwhile, or taken from the host, need not answer any more. */
  async #isStill({ deployment: name, instance }: Subject): Promise<boolean> {
    const found = (await this.live()).find((deployment) => deployment.name === name);
    if (!found) return false;
    return this.hosts.instancesOf(found).some((subject) => subject.instance === instance);
  }

  #tell(result: ChallengeResult, revoked: boolean): Promise<void> {
    return this.events.publish('security.challenge', { ...result, revoked });
  }
}

const noInstance = (deployment: string, host?: string): L45Error =>
  new L45Error(
    'UNKNOWN_INSTANCE',
    `"${deployment}" has no instance${host ? ` on ${host}` : ''}: l45.deployer.status says where it should be`,
  );

const failed = ({ outcome }: ChallengeResult): boolean => outcome !== 'passed';
const isLive = ({ state }: Deployment): boolean => state === 'deploying' || state === 'deployed';
