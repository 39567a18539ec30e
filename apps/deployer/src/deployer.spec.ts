// SPDX-License-Identifier: Apache-2.0
import {
  type Deployment,
  type DeploymentProgress,
  type DeployRequest,
  ENDPOINTS,
  type End,
  type EndpointContract,
  type PlanRequest,
  type Role,
  eventSubject,
} from '@l45/contracts';
import { ControlPlane, eventually, TAG_DNS } from './testing/control-plane.js';

jest.setTimeout(60_000);

let plane: ControlPlane;

beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.startDeployer();
  await plane.startAgent('client');
  await plane.startAgent('dns-server');
});
afterEach(async () => {
  for (const agent of plane.agents.values()) agent.willing = true;
  const { deployments } = await plane.ask(ENDPOINTS.deployer.status, {});
  await Promise.all(deployments.map(({ name }) => plane.revoke({ name })));
});
afterAll(() => plane.stop());

const endOf = (role: Role): End => {
  const end = TAG_DNS.ends[role];
  if (!end) throw new Error(`no ${role}`);
  return end;
};
const client = endOf('client');
const server = endOf('server');
const revisions = () => [...plane.agents.values()].map(({ applied }) => applied.at(-1)?.revision);
const directions = (host: string) =>
  plane.agent(host).applied.map(({ instances }) => instances[0]?.directions ?? []);

describe('deploy', () => {
  it('brings ingress to every host before egress to any, and answers once all is confirmed', async () => {
    const deployment = await plane.deploy();
    expect(deployment).toMatchObject({
      state: 'deployed',
      revision: 1,
      priority: 100,
      mode: 'active',
      attach: 'immediate',
      deprecated: false,
      params: { app_id: '', position: 'front' },
      hosts: [
        { host: 'client', role: 'client', converged: true },
        { host: 'dns-server', role: 'server', converged: true },
      ],
    });
    for (const host of ['client', 'dns-server']) {
      expect(directions(host).slice(-2)).toEqual([['ingress'], ['ingress', 'egress']]);
    }
    expect(plane.agent('client').applied.at(-1)).toMatchObject({
      host: 'client',
      artifacts: [{ name: 'l45' }, { name: 'dns_tag' }],
      instances: [
        {
          deployment: deployment.id,
          role: 'client',
          match: { protocols: ['tcp', 'udp'], applications: ['dig'], remote: { ports: ['53'] } },
        },
      ],
    });
  });

  it('waits for a host that does not confirm, says which and why, and speaks nowhere meanwhile', async () => {
    plane.agent('dns-server').willing = false;
    const { state, hosts } = await plane.deploy({ wait: 1 });
    expect(state).toBe('deploying');
    expect(hosts).toEqual([
      {
        host: 'client',
        role: 'client',
        converged: false,
        reason: 'has ingress; egress follows once every host has ingress',
      },
      { host: 'dns-server', role: 'server', converged: false, reason: 'kernel refused: EBUSY: no' },
    ]);
    expect(directions('client').at(-1)).toEqual(['ingress']);
  });

  it('sent again, in other words and concurrently, changes nothing', async () => {
    const before = await plane.deploy();
    const applied = revisions();
    const again = await Promise.all([
      plane.deploy(),
      plane.deploy({ params: { position: 'front' }, priority: 100, ends: { server, client } }),
    ]);
    expect(again).toEqual([before, before]);
    expect(revisions()).toEqual(applied);
  });

  it('of one name sent twice at once makes one deployment', async () => {
    const [one, other] = await Promise.all([plane.deploy(), plane.deploy()]);
    expect(one.id).toBe(other.id);
  });

  it('of overlapping deployments at once lets one of them through', async () => {
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'c'].map((name) => plane.deploy({ name })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual(
      Array(2).fill({
        status: 'rejected',
        reason: expect.objectContaining({ name: 'OVERLAP' }),
      }),
    );
  });

  it('at one end only converges too', async () => {
    expect(await plane.deploy({ ends: { client } })).toMatchObject({ state: 'deployed' });
  });

  it('publishes an event for each step', async () => {
    const events = plane.connection.subscribe(eventSubject('deployer.deployment'), { max: 2 });
    await plane.connection.flush();
    await plane.deploy();
    const states: string[] = [];
    for await (const event of events) states.push(event.json<Deployment>().state);
    expect(states).toEqual(['deploying', 'deploying']);
  });
});

describe('a deploy in waves', () => {
  it('comes to one host after the other, and ends like any other', async () => {
    const before = plane.agent('dns-server').applied.length;
    const deployment = await plane.deploy({ waves: { size: 1, hold: 0 }, wait: 20 });
    expect(deployment).toMatchObject({ state: 'deployed', revision: expect.any(Number) });
    expect(deployment.rollout).toBeUndefined();
    const told = plane.agent('dns-server').applied.slice(before);
    expect(told.map(({ instances }) => instances[0]?.directions.length)).toEqual([1, 2]);
  });

  it('that fails is taken back everywhere, and says who failed', async () => {
    plane.agent('dns-server').willing = false;
    const { name, id } = await plane.deploy({
      waves: { size: 1, hold: 0, timeout: 1 },
      author: 'alice',
      wait: 0,
    });
    const problem = 'not confirmed in time: dns-server kernel refused: EBUSY: no';
    await eventually(
      () => plane.ask(ENDPOINTS.deployer.status, { name }),
      ({ deployments }) =>
        expect(deployments).toMatchObject([
          { id, state: expect.stringMatching(/^revok/), rollout: { problem } },
        ]),
    );
    const { revisions: all } = await plane.ask(ENDPOINTS.deployer.history, { name });
    expect(all[0]).toMatchObject({ change: 'revoke', author: 'deployer', reason: problem });
    const waves = expect.objectContaining({ size: 1, timeout: 1 });
    expect(all[1]?.diff).toContainEqual({ field: 'waves', to: waves });
    await eventually(
      () => directions('client').at(-1),
      (last) => expect(last).toEqual([]),
    );
  });
});

describe('a deploy that cannot be is refused before anything is stored', () => {
  it.each<[string, Partial<DeployRequest>, object]>([
    ['an unknown customization', { customization: 'dns_tga' }, { name: 'UNKNOWN_CUSTOMIZATION' }],
    [
      'an unknown parameter',
      { params: { app: 1 } },
      {
        name: 'INVALID_PARAMS',
        message: 'unknown parameter params.app; known here: app_id, position',
        details: [
          { field: 'params.app', rule: 'additionalProperties', message: expect.anything() },
        ],
      },
    ],
    [
      'a parameter that breaks its rule',
      { params: { app_id: 'sixteen letters!', position: 'back' } },
      {
        name: 'INVALID_PARAMS',
        message:
          'params.app_id must NOT have more than 15 characters; params.position must be one of ["front","end"]',
      },
    ],
    [
      'no end',
      { ends: {} },
      { name: 'VALIDATION', message: 'ends needs a client, a server, or both' },
    ],
    [
      'a port that does not exist',
      { ends: { client: { ...client, match: { remote: { ports: ['70000'] } } } } },
      {
        name: 'VALIDATION',
        details: [expect.objectContaining({ field: 'ends.client.match.remote.ports[0]' })],
      },
    ],
    [
      'an unknown host',
      { ends: { client: { ...client, hosts: ['clinet'] }, server } },
      {
        name: 'UNKNOWN_HOST',
        message: 'no agent has ever reported as clinet (did you mean client?)',
      },
    ],
  ])('%s', async (_, request, expected) => {
    const before = revisions();
    await expect(plane.deploy(request)).rejects.toMatchObject(expected);
    expect(await plane.ask(ENDPOINTS.deployer.status, {})).toEqual({ deployments: [] });
    expect(revisions()).toEqual(before);
  });

  it('a kernel that cannot be built for', async () => {
    plane.builder.unbuildable.add('5.10.0-odd');
    await plane.startAgent('odd', { kernelRelease: '5.10.0-odd', arch: 'x86_64' });
    const ends = { client: { hosts: ['odd'], match: {} } };
    await expect(plane.deploy({ ends })).rejects.toMatchObject({
      name: 'NO_HEADERS',
      message: 'install linux-headers-5.10.0-odd',
    });
    expect(await plane.ask(ENDPOINTS.deployer.status, {})).toEqual({ deployments: [] });
  });

  it('another deployment under the same name', async () => {
    await plane.deploy();
    await expect(plane.deploy({ priority: 7 })).rejects.toMatchObject({
      name: 'NAME_TAKEN',
      message: expect.stringContaining('other priority'),
    });
  });

  it('another deployment of the same flows at the same priority, but not at another one', async () => {
    await plane.deploy();
    const request = { name: 'another', ends: { server } };
    await expect(plane.deploy(request)).rejects.toMatchObject({
      name: 'OVERLAP',
      message: expect.stringMatching(/^"tag-dns" matches flows of dns-server/),
    });
    expect(await plane.deploy({ ...request, priority: 50 })).toMatchObject({ state: 'deployed' });
    const prioritise = plane.ask(ENDPOINTS.deployer.prioritise, { name: 'another', priority: 100 });
    await expect(prioritise).rejects.toMatchObject({ name: 'OVERLAP' });
  });
});

describe('a deployment', () => {
  const name = TAG_DNS.name;
  beforeEach(() => {
    for (const agent of plane.agents.values()) agent.sockets = 1;
    return plane.deploy();
  });
  afterEach(() => {
    for (const agent of plane.agents.values()) agent.sockets = 0;
  });

  it.each([
    ['deactivate', {}, { mode: 'inactive' }],
    ['activate', {}, { mode: 'active' }],
    ['observe', {}, { mode: 'observe' }],
    ['prioritise', { priority: 7 }, { priority: 7 }],
    ['deprecate', {}, { deprecated: true }],
  ] as const)('does what %s asks, once', async (verb, request, expected) => {
    const contract = ENDPOINTS.deployer[verb] as EndpointContract<object, Deployment>;
    const before = await plane.status();
    const change = () => plane.ask(contract, { name, wait: 10, ...request });
    const changed = await change();
    expect(changed).toMatchObject({ ...expected, state: 'deployed' });
    expect(changed.revision).toBe(before.revision + (verb === 'activate' ? 0 : 1));
    expect(plane.agent('client').instances).toMatchObject([expected]);
    const applied = revisions();
    expect(await change()).toEqual(changed);
    expect(revisions()).toEqual(applied);
  });

  it('is revoked in order: egress ends everywhere, then all is gone and the name is free', async () => {
    expect(await plane.revoke()).toMatchObject({ state: 'revoked', name });
    for (const host of ['client', 'dns-server']) {
      expect(directions(host).slice(-2)).toEqual([['ingress'], []]);
      expect(plane.agent(host).applied.at(-1)).toMatchObject({ artifacts: [], instances: [] });
    }
    expect(await plane.revoke()).toMatchObject({ state: 'revoked' });
    const activate = plane.ask(ENDPOINTS.deployer.activate, { name });
    await expect(activate).rejects.toMatchObject({ name: 'WRONG_STATE' });
    expect(await plane.deploy({ priority: 9 })).toMatchObject({ state: 'deployed', priority: 9 });
  });

  it('deprecated, is revoked once no socket is left', async () => {
    const deprecated = await plane.ask(ENDPOINTS.deployer.deprecate, { name, wait: 10 });
    expect(deprecated.state).toBe('deployed');
    for (const agent of plane.agents.values()) {
      agent.instances = agent.instances.map((one) => ({ ...one, sockets: 0 }));
      await agent.report();
    }
    await eventually(
      () => plane.status(),
      ({ state }) => expect(state).toBe('revoked'),
    );
  });

  it('on a host that is dead for good is revoked by force, and leaves it nothing', async () => {
    await plane.agent('client').stop();
    await plane.buckets.observed.delete('client');
    expect(await plane.revoke({ wait: 1 })).toMatchObject({ state: 'revoking' });
    const forced = await plane.ask(ENDPOINTS.deployer.revoke, { name, force: true, wait: 20 });
    expect(forced.state).toBe('revoked');
    await plane.agent('client').start();
    await eventually(
      () => plane.agent('client').instances,
      (instances) => expect(instances).toEqual([]),
    );
  });

  it('being revoked, refuses to be deployed again until it is', async () => {
    await plane.agent('client').stop();
    expect(await plane.revoke({ wait: 0 })).toMatchObject({ state: 'revoking' });
    await expect(plane.deploy()).rejects.toMatchObject({
      name: 'WRONG_STATE',
      message: '"tag-dns" is being revoked: wait until it is, and ask again',
    });
    await plane.agent('client').start();
  });

  it('that is unknown is refused, naming those that look like it', async () => {
    await expect(plane.revoke({ name: 'tag-dsn' })).rejects.toMatchObject({
      name: 'UNKNOWN_DEPLOYMENT',
      message: 'there is no deployment "tag-dsn" (did you mean tag-dns?)',
    });
  });
});

describe('revisions', () => {
  const { name } = TAG_DNS;
  const history = () => plane.ask(ENDPOINTS.deployer.history, { name });

  it('tell who changed what, and why', async () => {
    const { id, revision } = await plane.deploy({ author: 'alice', reason: 'a try' });
    await plane.ask(ENDPOINTS.deployer.prioritise, { name, priority: 7, author: 'bob' });
    const [second, first] = (await history()).revisions;
    expect(first).toMatchObject({
      revision,
      deployment: id,
      change: 'deploy',
      author: 'alice',
      reason: 'a try',
      diff: expect.arrayContaining([{ field: 'customization', to: 'dns_tag' }]),
    });
    expect(second).toMatchObject({
      revision: revision + 1,
      change: 'prioritise',
      author: 'bob',
      diff: [{ field: 'priority', from: 100, to: 7 }],
    });
  });

  it('let one of two operators through who change a deployment at once', async () => {
    const { revision: ifRevision } = await plane.deploy();
    const outcomes = await Promise.allSettled(
      [7, 8].map((priority) =>
        plane.ask(ENDPOINTS.deployer.prioritise, { name, priority, ifRevision, author: 'eve' }),
      ),
    );
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: {
        name: 'CONFLICT',
        message: expect.stringContaining(
          `is at revision ${ifRevision + 1}, by eve (prioritise), not at ${ifRevision}`,
        ),
        details: [{ revision: ifRevision + 1 }],
      },
    });
  });

  it('can be gone back to, live and after a revocation', async () => {
    const { revision } = await plane.deploy();
    await plane.ask(ENDPOINTS.deployer.prioritise, { name, priority: 7 });
    const rollback = () => plane.ask(ENDPOINTS.deployer.rollback, { name, revision, wait: 10 });
    expect(await rollback()).toMatchObject({ priority: 100, state: 'deployed' });
    await plane.revoke();
    expect(await rollback()).toMatchObject({ priority: 100, state: 'deployed', name });
    expect((await history()).revisions[0]).toMatchObject({ change: 'rollback' });
  });

  it('that never were are refused, naming those there are', async () => {
    await plane.deploy();
    const [latest] = (await history()).revisions;
    const rollback = plane.ask(ENDPOINTS.deployer.rollback, { name, revision: 999 });
    await expect(rollback).rejects.toMatchObject({
      name: 'UNKNOWN_REVISION',
      message: `"tag-dns" has no revision 999: it has 1 to ${latest?.revision}`,
    });
    expect((await history()).revisions[0]).toEqual(latest);
  });
});

it('a key reaches hosts as bytes, and nobody who asks', async () => {
  const request = { customization: 'xor_dialect', params: { key: 'AB'.repeat(16) } };
  const deployment = await plane.deploy(request);
  expect(deployment.params).toEqual({ key: 'hidden' });
  expect(plane.agent('client').applied.at(-1)?.instances[0]?.params).toEqual({
    key: { hex: 'ab'.repeat(16) },
  });
  const other = plane.deploy({ ...request, params: { key: 'cd'.repeat(16) } });
  await expect(other).rejects.toMatchObject({ name: 'NAME_TAKEN' });
  expect(JSON.stringify(await other.catch((error: unknown) => error))).not.toMatch(/abab|cdcd/);
});

describe('a chain', () => {
  const { customization: _none, ...without } = TAG_DNS;
  const chain = [
    { customization: 'dns_tag', params: { app_id: 'x' } },
    { customization: 'xor_dialect', params: { key: 'AB'.repeat(16) } },
  ];
  const deploy = (change: Partial<DeployRequest> = {}) =>
    plane.ask(ENDPOINTS.deployer.deploy, { ...without, chain, ...change });

  it('reaches hosts as one instance, with the modules of all its links and their parameters', async () => {
    const links = [
      { customization: 'dns_tag', params: { app_id: 'x', position: 'front' } },
      { customization: 'xor_dialect', params: { key: 'hidden' } },
    ];
    expect(await deploy()).toMatchObject({
      state: 'deployed',
      customization: 'dns_tag+xor_dialect',
      params: {},
      chain: links,
    });
    const applied = plane.agent('client').applied.at(-1);
    expect(applied?.artifacts.map(({ name }) => name)).toEqual(['l45', 'dns_tag', 'xor_dialect']);
    expect(applied?.instances).toMatchObject([
      {
        customization: 'dns_tag+xor_dialect',
        params: {},
        chain: [
          links[0],
          { customization: 'xor_dialect', params: { key: { hex: 'ab'.repeat(16) } } },
        ],
      },
    ]);
    const { revisions: all } = await plane.ask(ENDPOINTS.deployer.history, { name: TAG_DNS.name });
    expect(all[0]?.diff).toContainEqual({ field: 'chain', to: links });
    expect((await deploy()).revision).toBe(all[0]?.revision);
    const other = deploy({ chain: chain.toReversed() });
    await expect(other).rejects.toMatchObject({ name: 'NAME_TAKEN' });
    expect(JSON.stringify(await other.catch((error: unknown) => error))).not.toMatch(/abab/);
  });

  it('is planned with all its modules', async () => {
    const { hosts, builds } = await plane.ask(ENDPOINTS.deployer.plan, {
      deploy: { ...without, chain },
    });
    expect(hosts[0]).toMatchObject({ load: ['l45', 'dns_tag', 'xor_dialect'] });
    expect(builds).toMatchObject([
      {
        status: 'to build',
        modules: [{ name: 'l45' }, { name: 'dns_tag' }, { name: 'xor_dialect' }],
      },
    ]);
  });

  it('takes the place of a customization, and the other way round', async () => {
    await plane.deploy();
    const to = { name: 'chained', chain };
    const request = { from: TAG_DNS.name, to, drain: 0, wait: 20 };
    expect(await plane.ask(ENDPOINTS.deployer.rotate, request)).toMatchObject({ step: 'done' });
    const back = { name: 'tag-again', customization: 'dns_tag' };
    const again = { from: 'chained', to: back, drain: 0, wait: 20 };
    expect(await plane.ask(ENDPOINTS.deployer.rotate, again)).toMatchObject({ step: 'done' });
  });

  it.each<[string, Partial<DeployRequest>, object]>([
    ['of one', { chain: chain.slice(1) }, { name: 'VALIDATION' }],
    ['of five', { chain: [...chain, ...chain, ...chain].slice(1) }, { name: 'VALIDATION' }],
    ['beside a customization', { customization: 'dns_tag' }, { name: 'VALIDATION' }],
    ['and nothing else', { chain: undefined }, { name: 'VALIDATION' }],
    [
      'with what is no customization',
      { chain: [{ customization: 'dns_tag' }, { customization: 'xor' }] },
      { name: 'UNKNOWN_CUSTOMIZATION' },
    ],
    [
      'whose link has a wrong parameter',
      { chain: [...chain.slice(1), { customization: 'dns_tag', params: { position: 'back' } }] },
      {
        name: 'INVALID_PARAMS',
        message: 'chain.1.params.position must be one of ["front","end"]',
      },
    ],
    [
      'that can not be on tcp',
      {
        chain: chain.toReversed(),
        ends: { client: { ...client, match: { protocols: ['tcp'] } }, server },
      },
      { name: 'VALIDATION', message: 'the customization works with udp, not with tcp' },
    ],
  ])('%s is refused', async (_, change, expected) => {
    await expect(deploy(change)).rejects.toMatchObject(expected);
  });
});

it('a request that waits is told of by events', async () => {
  plane.agent('dns-server').willing = false;
  const told: DeploymentProgress[] = [];
  const events = plane.connection.subscribe(eventSubject('deployer.progress'), {
    callback: (_, message) => void told.push(message.json()),
  });
  await plane.connection.flush();
  await plane.deploy({ wait: 1 });
  await eventually(
    () => told.flatMap(({ waiting }) => waiting.map(({ reason }) => reason)),
    (reasons) => expect(reasons).toContain('kernel refused: EBUSY: no'),
  );
  expect(told[0]).toMatchObject({ name: TAG_DNS.name, total: 2, converged: 0 });
  events.unsubscribe();
});

it('revoked while it is being deployed, is revoked', async () => {
  plane.agent('client').willing = false;
  await plane.deploy({ ends: { client }, wait: 0 });
  const revoked = await plane.revoke();
  expect(revoked.state).toBe('revoked');
  expect(directions('client')).not.toContainEqual(['ingress', 'egress'].toReversed());
});

describe('a plan', () => {
  const plan = (request: PlanRequest) => plane.ask(ENDPOINTS.deployer.plan, request);
  const { name } = TAG_DNS;

  it('of a deployment is what deploying it then does, and changes nothing', async () => {
    const before = revisions();
    const { hosts, builds } = await plan({ deploy: TAG_DNS });
    expect(builds).toMatchObject([{ status: 'to build' }]);
    expect(hosts).toMatchObject([
      { host: 'client', load: ['l45', 'dns_tag'], create: [{ role: 'client' }], remove: [] },
      { host: 'dns-server', load: ['l45', 'dns_tag'], create: [{ role: 'server' }], remove: [] },
    ]);
    expect(revisions()).toEqual(before);
    expect(await plane.ask(ENDPOINTS.deployer.status, {})).toEqual({ deployments: [] });
    await plane.deploy();
    expect(await plan({ deploy: TAG_DNS })).toEqual({ hosts: [], builds: [] });
  });

  it('of a change names the hosts, and what would be another way', async () => {
    await plane.deploy();
    const prioritised = await plan({ change: 'prioritise', name, priority: 7 });
    expect(prioritised.hosts).toMatchObject(
      ['client', 'dns-server'].map((host) => ({
        host,
        load: [],
        change: [{ diff: [{ field: 'priority', from: 100, to: 7 }] }],
      })),
    );
    const revoked = await plan({ change: 'revoke', name });
    expect(revoked.hosts[0]).toMatchObject({ unload: ['l45', 'dns_tag'], remove: [{}] });
    expect(await plan({ change: 'activate', name })).toEqual({ hosts: [], builds: [] });
  });

  it('of what cannot be is refused as the request would be', async () => {
    await expect(plan({})).rejects.toMatchObject({ name: 'VALIDATION' });
    await expect(plan({ change: 'revoke', name: 'tag-dsn' })).rejects.toMatchObject({
      name: 'UNKNOWN_DEPLOYMENT',
    });
    const ends = { client: { ...client, hosts: ['clinet'] } };
    await expect(plan({ deploy: { ...TAG_DNS, ends } })).rejects.toMatchObject({
      name: 'UNKNOWN_HOST',
    });
  });
});

describe('hosts by label', () => {
  const edge = { selector: { labels: { role: 'edge' } }, match: {} };
  const label = (host: string, labels: Record<string, string>) => {
    plane.agent(host).labels = labels;
    return plane.agent(host).report();
  };
  beforeAll(() => label('client', { role: 'edge', site: 'fra' }));
  afterAll(() => Promise.all(['client', 'dns-server'].map((host) => label(host, {}))));

  it('are selected, and those that come later join', async () => {
    await eventually(
      () => plane.deploy({ ends: { client: edge } }),
      ({ hosts }) => expect(hosts).toMatchObject([{ host: 'client', converged: true }]),
    );
    await label('dns-server', { role: 'edge' });
    const { ends } = await eventually(
      () => plane.status(),
      ({ hosts }) => expect(hosts.map(({ converged }) => converged)).toEqual([true, true]),
    );
    expect(ends.client).toMatchObject({ selector: edge.selector });
    expect(plane.agent('dns-server').instances).toMatchObject([{ role: 'client' }]);
  });

  it('that nobody has are refused, with those that hosts have', async () => {
    const ends = { client: { ...edge, selector: { labels: { role: 'core' } } } };
    await expect(plane.deploy({ ends })).rejects.toMatchObject({
      name: 'NO_HOST',
      message: 'no host has role=core; labels of hosts: role=edge, site=fra',
    });
    await expect(plane.deploy({ ends: { client: { match: {} } } })).rejects.toMatchObject({
      name: 'VALIDATION',
      message: 'ends.client needs hosts, a selector, or both',
    });
    expect(await plane.ask(ENDPOINTS.deployer.status, {})).toEqual({ deployments: [] });
  });
});

describe('a host', () => {
  it('that reboots gets everything again, built for its new kernel', async () => {
    await plane.deploy();
    await plane.agent('client').reboot('6.1.0-45-amd64');
    await eventually(
      () => plane.agent('client').applied.at(-1),
      (state) =>
        expect(state?.artifacts.map(({ digest }) => digest)).toEqual([
          'l45-6.1.0-45-amd64',
          'dns_tag-6.1.0-45-amd64',
        ]),
    );
    await eventually(
      () => plane.status(),
      ({ state }) => expect(state).toBe('deployed'),
    );
  });

  it('that comes back with a kernel that cannot be built for says so, and can be left', async () => {
    await plane.deploy();
    plane.builder.unbuildable.add('6.2.0-odd');
    await plane.agent('client').reboot('6.2.0-odd');
    await eventually(
      () => plane.status(),
      ({ state, hosts }) => {
        expect(state).toBe('deploying');
        expect(hosts[0]?.reason).toBe(
          'no build of dns_tag for 6.2.0-odd x86_64: install linux-headers-6.2.0-odd',
        );
      },
    );
    expect(await plane.revoke()).toMatchObject({ state: 'revoked' });
    await plane.agent('client').reboot('6.1.0-44-amd64');
  });

  it('that was away while it was deployed to gets it when it returns', async () => {
    await plane.agent('client').stop();
    expect(await plane.deploy({ wait: 0 })).toMatchObject({ state: 'deploying' });
    await plane.agent('client').start();
    await eventually(
      () => plane.status(),
      ({ state }) => expect(state).toBe('deployed'),
    );
  });
});
