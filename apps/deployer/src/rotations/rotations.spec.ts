// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS, type RotateRequest, type ScheduleRequest } from '@l45/contracts';
import { ControlPlane, eventually, TAG_DNS } from '../testing/control-plane.js';

jest.setTimeout(60_000);

let plane: ControlPlane;

beforeAll(async () => {
  plane = await ControlPlane.start();
  await plane.startDeployer();
  await plane.startAgent('client');
  await plane.startAgent('dns-server');
});
beforeEach(() => plane.deploy());
afterEach(async () => {
  for (const agent of plane.agents.values()) agent.willing = true;
  const { deployments } = await plane.ask(ENDPOINTS.deployer.status, {});
  await Promise.all(deployments.map(({ name }) => plane.revoke({ name })));
});
afterAll(() => plane.stop());

const from = TAG_DNS.name;
const to = { name: 'next', customization: 'xor_dialect', params: { key: 'ab'.repeat(16) } };
const rotate = (request: Partial<RotateRequest> = {}) =>
  plane.ask(ENDPOINTS.deployer.rotate, { from, to, drain: 0, wait: 20, ...request });
const live = async () => (await plane.ask(ENDPOINTS.deployer.status, {})).deployments;

/** What a host was told, step by step: who is first in line to speak, and who is behind. */
const speakers = (host: string): string[] => {
  const lines = plane.agent(host).applied.map(({ instances }) =>
    instances
      .filter(({ directions }) => directions.includes('egress'))
      .toSorted((a, b) => a.priority - b.priority)
      .map(({ customization }) => customization)
      .join(' < '),
  );
  return lines.filter((line, i) => line !== lines[i - 1]);
};

it('one request replaces a deployment by another, and is safe to repeat', async () => {
  const rotation = await rotate({ author: 'alice' });
  expect(rotation).toMatchObject({ from, to: 'next', step: 'done', author: 'alice', waiting: [] });
  expect(await live()).toMatchObject([{ name: 'next', state: 'deployed', priority: 100 }]);
  for (const host of ['client', 'dns-server']) {
    expect(speakers(host).slice(-4)).toEqual([
      'dns_tag',
      'dns_tag < xor_dialect',
      'xor_dialect < dns_tag',
      'xor_dialect',
    ]);
  }
  expect(await rotate()).toEqual(rotation);
  const { revisions } = await plane.ask(ENDPOINTS.deployer.history, { name: from });
  expect(revisions[0]).toMatchObject({
    change: 'rotate',
    author: 'alice',
    diff: [{ field: 'revoked', from: false, to: true }],
  });
});

it('a host that refuses the new one keeps the old one everywhere', async () => {
  plane.agent('dns-server').willing = false;
  expect(await rotate({ timeout: 1 })).toMatchObject({
    step: 'aborted',
    problem: expect.stringContaining('dns-server kernel refused: EBUSY: no'),
  });
  expect(await live()).toMatchObject([{ name: from, priority: 100 }]);
  expect(speakers('client').at(-1)).toBe('dns_tag');
});

it('a deployer that is replaced in the middle of it goes on with it', async () => {
  const [first] = plane.deployers;
  if (!first) throw new Error('no deployer');
  await plane.agent('dns-server').stop();
  await rotate({ wait: 0 });
  await plane.stopDeployer(first);
  await plane.startDeployer();
  await plane.agent('dns-server').start();
  await eventually(live, (deployments) =>
    expect(deployments).toMatchObject([{ name: 'next', state: 'deployed' }]),
  );
});

it('a rotation can be undone on request, and nothing else can be changed meanwhile', async () => {
  await plane.agent('dns-server').stop();
  await rotate({ wait: 0 });
  const prioritise = plane.ask(ENDPOINTS.deployer.prioritise, { name: from, priority: 7 });
  await expect(prioritise).rejects.toMatchObject({ name: 'WRONG_STATE' });
  await expect(rotate({ to: { ...to, name: 'other' } })).rejects.toMatchObject({
    name: 'WRONG_STATE',
  });
  await plane.ask(ENDPOINTS.deployer.abort, { name: from });
  await plane.agent('dns-server').start();
  const { rotations } = await eventually(
    () => plane.ask(ENDPOINTS.deployer.rotations, { name: from }),
    ({ rotations: [latest] }) => expect(latest?.step).toBe('aborted'),
  );
  expect(rotations[0]).toMatchObject({ to: 'next', problem: 'on request' });
  expect(await plane.status(from)).toMatchObject({ state: 'deployed' });
  await expect(plane.ask(ENDPOINTS.deployer.abort, { name: from })).rejects.toMatchObject({
    name: 'WRONG_STATE',
  });
});

it.each([
  ['an unknown deployment', { from: 'tag-dsn' }, { name: 'UNKNOWN_DEPLOYMENT' }],
  [
    'parameters that break the schema',
    { to: { ...to, params: { ky: 1 } } },
    { name: 'INVALID_PARAMS' },
  ],
  [
    'a host that does not exist',
    { to: { ...to, ends: { client: { hosts: ['x'], match: {} } } } },
    { name: 'UNKNOWN_HOST' },
  ],
  ['an old revision', { ifRevision: 0 }, { name: 'CONFLICT' }],
  ['the last priority', { to: { ...to, priority: 65_535 } }, { name: 'VALIDATION' }],
] as const)('refuses %s, and changes nothing', async (_, request, expected) => {
  const before = await live();
  await expect(rotate(request as Partial<RotateRequest>)).rejects.toMatchObject(expected);
  expect(await live()).toEqual(before);
});

it('refuses customizations whose messages cannot be told apart', async () => {
  await plane.revoke();
  await plane.deploy({ customization: 'dns_compress' });
  const before = await live();
  const again = rotate({ to: { name: 'next', customization: 'dns_compress' } });
  await expect(again).rejects.toMatchObject({
    name: 'SAME_SIGNATURE',
    message: expect.stringMatching(/^messages of dns_compress cannot be told from/),
  });
  expect(await live()).toEqual(before);
});

describe('a schedule', () => {
  const schedule = (request: Partial<ScheduleRequest> = {}) =>
    plane.ask(ENDPOINTS.deployer.schedule, {
      name: 'often',
      from,
      deployments: [{ customization: 'dns_tag' }, { customization: 'dns_compress' }],
      interval: 2,
      timeout: 1,
      drain: 0,
      ...request,
    });

  it('rotates through its deployments until it is ended', async () => {
    await schedule();
    expect(await schedule()).toMatchObject({ name: 'often', current: from });
    const { rotations } = await eventually(
      () => plane.ask(ENDPOINTS.deployer.rotations, { name: 'often-2' }),
      (reply) => expect(reply.rotations.map(({ to: name }) => name)).toContain('often-2'),
      30_000,
    );
    expect(rotations.at(-1)).toMatchObject({ reason: 'schedule often' });
    await plane.ask(ENDPOINTS.deployer.unschedule, { name: 'often' });
    expect(await plane.ask(ENDPOINTS.deployer.schedules, {})).toEqual({ schedules: [] });
  });

  it.each<[string, Partial<ScheduleRequest>, object]>([
    [
      'faster than confirmation',
      { timeout: 2 },
      { name: 'VALIDATION', details: [expect.objectContaining({ field: 'interval' })] },
    ],
    [
      'whose last and first cannot be told apart',
      { deployments: [{ customization: 'dns_compress' }] },
      { name: 'SAME_SIGNATURE' },
    ],
    [
      'with parameters that break a schema',
      { deployments: [{ customization: 'dns_tag', params: { position: 'back' } }] },
      { name: 'INVALID_PARAMS' },
    ],
  ])('%s is refused', async (_, request, expected) => {
    await expect(schedule(request)).rejects.toMatchObject(expected);
    expect(await plane.ask(ENDPOINTS.deployer.schedules, {})).toEqual({ schedules: [] });
  });
});
