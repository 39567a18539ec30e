// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import {
  type AgentFlowsRequest,
  ENDPOINTS,
  type Flow,
  type FlowsReply,
  type FlowsRequest,
  L45Error,
  type ObservedState,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { Fleet } from './fleet.service.js';
import { HistoryRepository } from './storage/history.repository.js';

const LIMIT = 100;
const AGENT_MS = 2_000;
/** Agents that are asked at once. */
const AT_ONCE = 64;

interface Asked {
  host: string;
  request: AgentFlowsRequest;
}

type Answer = Pick<FlowsReply, 'flows' | 'total' | 'unanswered'>;

/**
 * Flows come and go too quickly to be reported: those hosts are asked whose last report has
 * sockets of what is of interest, and no others.
 */
@Injectable()
export class FlowsService {
  constructor(
    private readonly fleet: Fleet,
    private readonly history: HistoryRepository,
    private readonly client: BusClient,
  ) {}

  async flows({ host, deployment, application, limit = LIMIT }: FlowsRequest): Promise<FlowsReply> {
    if (host !== undefined && !this.fleet.observed.entries.has(host))
      throw new L45Error('UNKNOWN_HOST', `no agent has ever reported as ${host}`);
    const names = await this.history.names();
    const isMeant = (id: string) =>
      deployment === undefined || id === deployment || names.get(id) === deployment;
    const asked = [...this.fleet.observed.entries.values()]
      .map(({ value }) => value)
      .filter((state) => host === undefined || state.host === host)
      .flatMap((state): Asked[] => {
        const instances = meant(state, isMeant);
        const request = { ...(deployment && { instances }), application, limit };
        return instances.length ? [{ host: state.host, request }] : [];
      });
    const answers = await this.#askAll(asked, names);
    return {
      flows: answers.flatMap(({ flows }) => flows).slice(0, limit),
      total: answers.reduce((sum, { total }) => sum + total, 0),
      unanswered: answers.flatMap(({ unanswered }) => unanswered),
    };
  }

  async #askAll(asked: Asked[], names: ReadonlyMap<string, string>): Promise<Answer[]> {
    const answers: Answer[] = [];
    for (let i = 0; i < asked.length; i += AT_ONCE) {
      const some = asked.slice(i, i + AT_ONCE);
      answers.push(...(await Promise.all(some.map((one) => this.#ask(one, names)))));
    }
    return answers;
  }

  async #ask({ host, request }: Asked, names: ReadonlyMap<string, string>): Promise<Answer> {
    try {
      const options = { host, timeoutMs: AGENT_MS };
      const { flows, total } = await this.client.request(ENDPOINTS.agent.flows, request, options);
      const deployments = new Map(
        this.fleet.observed.entries
          .get(host)
          ?.value.instances.map(({ id, deployment }) => [id, names.get(deployment) ?? deployment]),
      );
      const named = flows.map((flow): Flow => ({
        host,
        ...flow,
        deployments: [...new Set(flow.instances.flatMap((id) => deployments.get(id) ?? []))],
      }));
      return { flows: named, total, unanswered: [] };
    } catch (error) {
      if (!(error instanceof L45Error)) throw error;
      return { flows: [], total: 0, unanswered: [{ host, reason: error.message }] };
    }
  }
}

/** Instances that had sockets when the host reported last. */
const meant = ({ instances }: ObservedState, isMeant: (deployment: string) => boolean): string[] =>
  instances
    .filter(({ sockets, deployment }) => sockets > 0 && isMeant(deployment))
    .map(({ id }) => id);
