// SPDX-License-Identifier: Apache-2.0
import { DeployRequest, ENDPOINTS, type ErrorBody, L45Error } from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Bus } from '../bus.decorator.js';
import {
  createTestService,
  type NatsServer,
  startNats,
  type TestService,
} from '../testing/index.js';

jest.setTimeout(30_000);

const { deploy, status, activate, deprecate, revoke } = ENDPOINTS.deployer;
const released: (() => void)[] = [];

@Controller()
class Deployments {
  @Bus(deploy)
  deploy(request: DeployRequest) {
    return { ...request, instance: request instanceof DeployRequest } as never;
  }

  @Bus(status)
  status() {
    return { deployments: [] };
  }

  @Bus(activate)
  activate(): never {
    throw new TypeError('a defect with a secret');
  }

  @Bus(deprecate)
  deprecate(): never {
    throw new L45Error('WRONG_STATE', 'it is revoked:\ndeploy it again', [{ message: 'why' }]);
  }

  @Bus(revoke)
  async revoke({ name }: { name: string }) {
    if (name === 'slow') await new Promise<void>((resolve) => released.push(resolve));
    return { name } as never;
  }

  @Bus(ENDPOINTS.deployer.prioritise)
  prioritise() {
    return { filler: 'x'.repeat(2_000_000) } as never;
  }
}

describe('BusServer', () => {
  let nats: NatsServer;
  let service: TestService;

  beforeAll(async () => {
    nats = await startNats();
    service = await createTestService(
      { controllers: [Deployments] },
      { url: nats.url, service: 'deployer' },
    );
  });

  afterAll(async () => {
    await service.close();
    await nats.stop();
  });

  const ask = async (verb: string, payload?: string | Uint8Array) => {
    const answer = await service.connection.request(`l45.deployer.${verb}`, payload);
    const code = answer.headers?.get('Nats-Service-Error-Code');
    const message = answer.headers?.get('Nats-Service-Error');
    return { code, message, body: answer.json<Record<string, unknown>>(), text: answer.string() };
  };
  const refused = async (verb: string, payload?: string | Uint8Array) => {
    const { code, message, body } = await ask(verb, payload);
    const { error } = body as unknown as ErrorBody;
    expect(code).toBe(String(error.code));
    expect(message).toBe(error.message.replaceAll('\n', ' '));
    return error;
  };
  const example = (change: object) => JSON.stringify({ ...deploy.example, ...change });

  it('answers plain JSON, with the request as an instance of its class', async () => {
    const { code, body } = await ask('deploy', example({}));
    expect(code).toBeUndefined();
    expect(body).toEqual({ ...deploy.example, instance: true });
  });

  it('takes no payload for an empty object', async () => {
    expect(await ask('status')).toMatchObject({ body: { deployments: [] } });
  });

  it.each([
    ['text', 'hello'],
    ['half an object', '{"name":'],
    ['bytes that are not UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ])('refuses %s as malformed', async (_, payload) => {
    expect(await refused('deploy', payload)).toMatchObject({ code: 400, name: 'MALFORMED' });
  });

  it.each(['null', '1', '"deploy"', '[]', 'true'])(
    'refuses %s, which is no object',
    async (json) => {
      expect(await refused('status', json)).toMatchObject({
        code: 400,
        name: 'VALIDATION',
        details: [{ rule: 'isObject' }],
      });
    },
  );

  it.each([
    ['a list', []],
    ['text', 'client'],
  ])('refuses %s where an object belongs', async (_, ends) => {
    const { details } = await refused('deploy', example({ ends }));
    expect(details).toEqual([
      { field: 'ends', rule: 'isObject', message: 'ends must be an object' },
    ]);
  });

  it('refuses unknown fields, naming those that it knows', async () => {
    const { details } = await refused('deploy', example({ nmae: 'x' }));
    expect(details).toEqual([
      {
        field: 'nmae',
        rule: 'whitelistValidation',
        message: expect.stringMatching(/^unknown field nmae; known here: name, customization, /),
      },
    ]);
  });

  it('refuses any field where none is known', async () => {
    expect(await ask('deploy', example({}))).toMatchObject({ code: undefined });
    const { body } = await ask('status', '{"foo":1}');
    expect(body).toMatchObject({ error: { details: [{ field: 'foo' }] } });
  });

  it('names nested fields by their path', async () => {
    const ends = { client: { hosts: 5, match: { remote: { ports: ['http'] } } } };
    const { details } = await refused('deploy', example({ ends }));
    expect(details).toEqual([
      {
        field: 'ends.client.hosts',
        rule: 'isArray',
        message: 'ends.client.hosts must be an array',
      },
      expect.objectContaining({ field: 'ends.client.match.remote.ports', rule: 'matches' }),
    ]);
  });

  it('says that a field is missing', async () => {
    const { details } = await refused('deploy', '{"customization":"dns_tag","ends":{}}');
    expect(details).toEqual([{ field: 'name', rule: 'required', message: 'name is missing' }]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('refuses a field named %s', async (key) => {
    const { details } = await refused('deploy', `{"params":{"${key}":{"polluted":1}}}`);
    expect(details).toMatchObject([{ field: key }]);
    expect({}).not.toHaveProperty('polluted');
  });

  it('answers an unexpected error without its message and stack', async () => {
    const { text } = await ask('activate', '{"name":"x"}');
    expect(text).not.toMatch(/defect|secret|at /);
    expect(await refused('activate', '{"name":"x"}')).toEqual({
      code: 500,
      name: 'INTERNAL',
      message: 'an unexpected error; the log of the service has its cause',
    });
  });

  it("answers a service's own error as it is, on one line in the header", async () => {
    expect(await refused('deprecate', '{"name":"x"}')).toEqual({
      code: 409,
      name: 'WRONG_STATE',
      message: 'it is revoked:\ndeploy it again',
      details: [{ message: 'why' }],
    });
  });

  it('says so when an answer is too large', async () => {
    expect(await refused('prioritise', '{"name":"x","priority":1}')).toMatchObject({
      code: 413,
      message: expect.stringContaining('max_payload'),
    });
  });

  it('answers others while slow requests are worked on', async () => {
    const slow = Array.from({ length: 20 }, () => ask('revoke', '{"name":"slow"}'));
    expect(await ask('revoke', '{"name":"fast"}')).toMatchObject({ body: { name: 'fast' } });
    expect(released).toHaveLength(20);
    for (const release of released) release();
    for (const { body } of await Promise.all(slow)) expect(body).toEqual({ name: 'slow' });
  });

  it('leaves the subjects of other verbs without an answer', async () => {
    await expect(ask('conjure')).rejects.toThrow('no responders');
  });
});
