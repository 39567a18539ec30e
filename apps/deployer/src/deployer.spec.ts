// SPDX-License-Identifier: Apache-2.0
import {
  type Deployment,
  type DeployRequest,
  ENDPOINTS,
  type End,
  type EndpointContract,
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
  beforeEach(() => plane.deploy());

  it.each([
    ['deactivate', {}, { mode: 'inactive' }],
    ['activate', {}, { mode: 'active' }],
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
    expect(await plane.deploy({ priority: 9 })).toMatchObject({ state: 'deployed', revision: 1 });
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

it('revoked while it is being deployed, is revoked', async () => {
  plane.agent('client').willing = false;
  await plane.deploy({ ends: { client }, wait: 0 });
  const revoked = await plane.revoke();
  expect(revoked.state).toBe('revoked');
  expect(directions('client')).not.toContainEqual(['ingress', 'egress'].toReversed());
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
