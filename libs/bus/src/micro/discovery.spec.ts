// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS, L45Error } from '@l45/contracts';
import { Svcm } from '@nats-io/services';
import { Controller } from '@nestjs/common';
import { Ajv } from 'ajv';
import { setTimeout as delay } from 'node:timers/promises';
import { Bus } from '../bus.decorator.js';
import {
  createTestService,
  type NatsServer,
  startNats,
  type TestService,
} from '../testing/index.js';
import { VERSION } from '../version.js';

jest.setTimeout(30_000);

const WORK_MS = 20;

@Controller()
class Deployments {
  @Bus(ENDPOINTS.deployer.deploy)
  async deploy({ name }: { name: string }) {
    await delay(WORK_MS);
    if (name === 'taken') throw new L45Error('NAME_TAKEN', 'choose another name');
    return {} as never;
  }
}

@Controller()
class Agent {
  @Bus(ENDPOINTS.agent.status)
  status() {
    return { host: 'client' } as never;
  }
}

describe('Discovery, asked by the client of @nats-io/services', () => {
  let nats: NatsServer;
  let services: TestService[];

  beforeAll(async () => {
    nats = await startNats();
    const { url } = nats;
    const deployer = { url, service: 'deployer', description: 'Deploys.' } as const;
    services = [
      await createTestService({ controllers: [Deployments] }, deployer),
      await createTestService({ controllers: [Deployments] }, deployer),
      await createTestService({ controllers: [Agent] }, { url, service: 'agent', host: 'client' }),
    ];
  });

  afterAll(async () => {
    await Promise.all(services.map((service) => service.close()));
    await nats.stop();
  });

  const [first, , agent] = [0, 1, 2].map((index) => () => {
    const service = services[index];
    if (!service) throw new Error('not started');
    return service;
  }) as [() => TestService, () => TestService, () => TestService];

  async function all<T>(verb: 'ping' | 'info' | 'stats', name?: string, id?: string): Promise<T[]> {
    const found: T[] = [];
    const client = new Svcm(first().connection as never).client();
    for await (const answer of await client[verb](name, id)) found.push(answer as T);
    return found;
  }
  interface Identity {
    name: string;
    id: string;
    type: string;
  }

  it('answers PING for all, by name and by identifier', async () => {
    const everybody = await all<Identity>('ping');
    expect(everybody.map(({ name }) => name).toSorted()).toEqual([
      'l45-agent',
      'l45-deployer',
      'l45-deployer',
    ]);
    expect(new Set(everybody.map(({ id }) => id)).size).toBe(3);
    const [one] = await all<Identity>('ping', 'l45-deployer');
    expect(await all('ping', 'l45-deployer', one?.id)).toEqual([
      {
        type: 'io.nats.micro.v1.ping_response',
        name: 'l45-deployer',
        id: one?.id,
        version: VERSION,
        metadata: {},
      },
    ]);
  });

  it('answers INFO with endpoints, what they do and the schema of their requests', async () => {
    const [info] = await all<{
      description: string;
      endpoints: { metadata: { request_schema: string } }[];
    }>('info', 'l45-deployer');
    expect(info).toMatchObject({
      type: 'io.nats.micro.v1.info_response',
      description: 'Deploys.',
      endpoints: [
        {
          name: 'deploy',
          subject: 'l45.deployer.deploy',
          queue_group: 'q',
          metadata: { description: ENDPOINTS.deployer.deploy.summary },
        },
      ],
    });
    const schema = JSON.parse(info?.endpoints[0]?.metadata.request_schema ?? '');
    const accepts = new Ajv({ strict: false }).compile(schema);
    expect(accepts(ENDPOINTS.deployer.deploy.example)).toBe(true);
    expect(accepts({})).toBe(false);
  });

  it("tells an agent's host, on which it answers", async () => {
    expect(await all('info', 'l45-agent')).toMatchObject([
      { metadata: { host: 'client' }, endpoints: [{ subject: 'l45.agent.client.status' }] },
    ]);
    expect(await first().client.request(ENDPOINTS.agent.status, {}, { host: 'client' })).toEqual({
      host: 'client',
    });
    await expect(
      agent().client.request(ENDPOINTS.agent.status, {}, { host: 'server' }),
    ).rejects.toMatchObject({ name: 'UNAVAILABLE' });
  });

  it('counts asynchronous work and errors, over replicas that share the requests', async () => {
    const ask = (name: string) =>
      first()
        .client.request(ENDPOINTS.deployer.deploy, { ...ENDPOINTS.deployer.deploy.example, name })
        .catch((error: L45Error) => error.name);
    const answers = await Promise.all([
      ...Array.from({ length: 60 }, () => ask('free')),
      ...Array.from({ length: 40 }, () => ask('taken')),
    ]);
    expect(answers.filter((answer) => answer === 'NAME_TAKEN')).toHaveLength(40);

    const stats = await all<{ started: string; endpoints: Record<string, number>[] }>(
      'stats',
      'l45-deployer',
    );
    expect(stats).toMatchObject([
      { type: 'io.nats.micro.v1.stats_response' },
      { type: 'io.nats.micro.v1.stats_response' },
    ]);
    const sum = (field: string) =>
      stats.reduce((total, { endpoints }) => total + (endpoints[0]?.[field] ?? 0), 0);
    expect(sum('num_requests')).toBe(100);
    expect(sum('num_errors')).toBe(40);
    for (const { started, endpoints } of stats) {
      const [endpoint] = endpoints;
      expect(new Date(started).toISOString()).toBe(started);
      expect(endpoint?.num_requests).toBeGreaterThan(10);
      expect(endpoint?.last_error).toBe('409:choose another name');
      expect(endpoint?.average_processing_time).toBeGreaterThan((WORK_MS - 2) * 1e6);
      expect(endpoint?.average_processing_time).toBe(
        Math.round((endpoint?.processing_time ?? 0) / (endpoint?.num_requests ?? 1)),
      );
    }
  });
});
