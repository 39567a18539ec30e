// SPDX-License-Identifier: Apache-2.0
import type { Deployment, ErrorBody } from '@l45/contracts';
import { ANSWER, dig, Fleet, freshName, TAG_DNS, START_MS } from './fleet/index.js';

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
}, START_MS);
afterAll(() => fleet.stop(), 60_000);

const DEPLOY = 'l45.deployer.deploy';
const { client, server } = TAG_DNS.ends;

/** What all of the system's state looks like from outside. */
async function everything() {
  const { body } = await fleet.stack.request<{ deployments: Deployment[] }>('l45.deployer.status');
  const hosts = await Promise.all([fleet.status('client'), fleet.status('dns-server')]);
  return {
    deployments: body.deployments,
    hosts: hosts.map(({ desiredRevision, instances, customizations, problems }) => ({
      desiredRevision,
      instances: instances.map(({ id, mode, priority }) => ({ id, mode, priority })),
      customizations,
      problems,
    })),
  };
}

async function refused(subject: string, payload: object | string): Promise<ErrorBody['error']> {
  const before = await everything();
  const { errorCode, body } = await fleet.stack.request(subject, payload);
  expect(await everything()).toEqual(before);
  if (!body.error) throw new Error(`accepted: ${JSON.stringify(body)}`);
  expect(body.error.code).toBe(errorCode);
  expect(JSON.stringify(body)).not.toMatch(/\bat .*\.[jt]s:\d+/); // no stack
  return body.error;
}

describe('a deploy is refused, says why, and changes nothing', () => {
  it.each([
    ['that is not JSON', '{"name":', { code: 400, name: 'MALFORMED' }],
    ['with an empty payload', '', { code: 400, name: 'VALIDATION' }],
    [
      'with an unknown field',
      { ...TAG_DNS, prioriti: 1 },
      { code: 400, name: 'VALIDATION', details: [{ field: 'prioriti' }] },
    ],
    [
      'with a bad value deep inside',
      { ...TAG_DNS, ends: { client: { ...client, hosts: ['No Host'] } } },
      { code: 400, name: 'VALIDATION', details: [{ field: 'ends.client.hosts', rule: 'matches' }] },
    ],
    ['without ends', { ...TAG_DNS, ends: {} }, { code: 400 }],
    [
      'to an unknown host',
      { ...TAG_DNS, ends: { client: { ...client, hosts: ['nobody'] }, server } },
      { code: 404, name: 'UNKNOWN_HOST', message: expect.stringContaining('nobody') },
    ],
    [
      'of an unknown customization',
      { ...TAG_DNS, customization: 'dns_tga' },
      { code: 404, name: 'UNKNOWN_CUSTOMIZATION', message: expect.stringContaining('dns_tga') },
    ],
    [
      'with an unknown parameter',
      { ...TAG_DNS, params: { app: 'x' } },
      { code: 400, name: 'INVALID_PARAMS', message: expect.stringContaining('app') },
    ],
    [
      "with a parameter that breaks the customization's schema",
      { ...TAG_DNS, params: { app_id: 'much-longer-than-fifteen' } },
      { code: 400, name: 'INVALID_PARAMS', message: expect.stringContaining('app_id') },
    ],
    [
      'with a port that does not exist',
      { ...TAG_DNS, ends: { client: { ...client, match: { remote: { ports: ['70000'] } } } } },
      { code: 400 },
    ],
    [
      'with a prefix that does not exist',
      {
        ...TAG_DNS,
        ends: { client: { ...client, match: { remote: { prefixes: ['10.0.0.0/64'] } } } },
      },
      { code: 400 },
    ],
  ])('%s', async (_, payload, expected) => {
    const { details, ...rest } = expected as { details?: object[] };
    const error = await refused(DEPLOY, payload);
    expect(error).toMatchObject(rest);
    if (details) expect(error.details).toMatchObject(details);
  });
});

describe('beside a deployment', () => {
  beforeAll(async () => {
    expect((await fleet.deploy()).errorCode).toBe(0);
  }, 120_000);

  it('a name that is taken is refused', async () => {
    const error = await refused(DEPLOY, { ...TAG_DNS, priority: 7 });
    expect(error).toMatchObject({ code: 409, name: 'NAME_TAKEN' });
  });

  it('an overlapping match at the same priority is refused, naming the other deployment', async () => {
    const error = await refused(DEPLOY, { ...TAG_DNS, name: 'another' });
    expect(error).toMatchObject({
      code: 409,
      name: 'OVERLAP',
      message: expect.stringContaining(TAG_DNS.name),
    });
  });

  it('an unknown deployment is refused', async () => {
    const error = await refused('l45.deployer.revoke', { name: 'nothing' });
    expect(error).toMatchObject({ code: 404, name: 'UNKNOWN_DEPLOYMENT' });
  });

  it('queries are still answered', async () => {
    expect(await dig(fleet.hosts.client, freshName())).toBe(ANSWER);
  });
});

describe('the builder', () => {
  const target = () => ({ kernelRelease: fleet.testbed.kernelRelease, arch: 'x86_64' });

  it('says which line of a source does not compile', async () => {
    const { body } = await fleet.stack.request('l45.builder.add', {
      manifest: [
        'name: broken',
        'version: 1.0.0',
        'summary: Does not compile.',
        'protocol: [udp]',
        'roles: [client, server]',
        'parameters: { type: object, properties: {}, additionalProperties: false }',
        'wire: { signature: none, adds: 0 }',
        'source: [broken.c]',
        'inverse: []',
      ].join('\n'),
      files: { 'broken.c': '#include <l45/customization.h>\nint x = not_there;\n' },
    });
    expect(body).toMatchObject({ name: 'broken', origin: 'added' });
    const error = await refused('l45.builder.build', { customization: 'broken', target: target() });
    expect(error).toMatchObject({ code: 422, name: 'COMPILE' });
    expect(error.details).toContainEqual(
      expect.objectContaining({
        file: 'broken.c',
        line: 2,
        message: expect.stringContaining('not_there'),
      }),
    );
  }, 60_000);

  it('names the package of headers that are not installed', async () => {
    const error = await refused('l45.builder.build', {
      customization: 'dns_tag',
      target: { ...target(), kernelRelease: '6.1.0-9-amd64' },
    });
    expect(error).toMatchObject({
      code: 422,
      name: 'NO_HEADERS',
      message: expect.stringContaining('linux-headers-6.1.0-9-amd64'),
    });
  });
});
