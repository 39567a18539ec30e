// SPDX-License-Identifier: Apache-2.0
import { EventPublisher } from '@l45/bus';
import { createTestService, eventually, type TestService } from '@l45/bus/testing';
import {
  type ChallengeResult,
  ENDPOINTS,
  type Events,
  eventSubject,
  openSealed,
  sealFor,
} from '@l45/contracts';
import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { Question, Vouched } from '../../../agent/src/kernel/kernel.gateway.js';
import { FakeKernel } from '../../../agent/src/testing/fake-kernel.js';
import { ChallengedHost } from '../testing/challenged-host.js';
import { FakeDeployer } from '../testing/fake-deployer.js';
import { Laboratory } from '../testing/laboratory.js';

const { challenge, challenges, drop, policies, policy, require } = ENDPOINTS.security;
jest.setTimeout(60_000);

/** Read when asked. */
class Meters extends MetricReader {
  protected override onForceFlush = async (): Promise<void> => undefined;
  protected override onShutdown = async (): Promise<void> => undefined;
}

let laboratory: Laboratory;
let security: TestService;
let deployer: TestService;
const alarms: Events['security.challenge'][] = [];

const meters = new Meters();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [meters] }));

beforeAll(async () => {
  laboratory = await Laboratory.open();
  deployer = await createTestService(
    { controllers: [FakeDeployer] },
    { url: laboratory.nats.url, service: 'deployer' },
  );
  security = await laboratory.security();
  await laboratory.security();
  // Whoever listens to a subject without a stream keeps the stream from being made.
  await deployer.app.get(EventPublisher).publish('monitor.host', { host: 'any', online: true });
  deployer.connection.subscribe(eventSubject('security.challenge'), {
    callback: (_, message) => void alarms.push(message.json()),
  });
}, 60_000);

const hosts: ChallengedHost[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()));
});
afterAll(async () => {
  await deployer.close();
  await laboratory.close();
});

let number = 0;
/** A deployment with an instance on a host of its own, known to all. */
async function deployed(kernel?: FakeKernel): Promise<{ name: string; host: ChallengedHost }> {
  const [name, id] = [`deployment-${++number}`, randomUUID()];
  const host = await ChallengedHost.start(laboratory.nats.url, `host-${number}`, id, kernel);
  hosts.push(host);
  deployer.app.get(FakeDeployer).add(name, id);
  await eventually(() => ask(name));
  return { name, host };
}

const ask = async (deployment: string): Promise<ChallengeResult[]> =>
  (await security.client.request(challenge, { deployment }, { timeoutMs: 15_000 })).results;

const enforce = (deployment: string) =>
  security.client.request(policy, { deployment, interval: 1, window: 1 });

/** The alarm about a deployment that was revoked. */
const revoked = (name: string) =>
  eventually(() => {
    const { revocations } = deployer.app.get(FakeDeployer);
    expect(revocations.map((request) => request.name)).toContain(name);
    const alarm = alarms.find(({ deployment, revoked: isRevoked }) => {
      return deployment === name && isRevoked;
    });
    if (!alarm) throw new Error(`no alarm about ${name}`);
    return alarm;
  });

describe('an instance that is as it should be', () => {
  it('passes every time, also after its agent was restarted', async () => {
    const { name, host } = await deployed();
    for (let round = 0; round < 50; round++)
      expect(await ask(name)).toMatchObject([{ host: host.name, outcome: 'passed' }]);
    await host.stopAgent();
    await host.startAgent();
    await expect(eventually(() => ask(name))).resolves.toMatchObject([{ outcome: 'passed' }]);
    const { results } = await security.client.request(challenges, { deployment: name, limit: 2 });
    expect(results).toMatchObject([{ deployment: name, outcome: 'passed' }, { host: host.name }]);
  });

  it('is challenged at the interval of its policy, by one replica each time', async () => {
    const { name } = await deployed();
    const before = (await security.client.request(challenges, { deployment: name })).results.length;
    await enforce(name);
    const results = await eventually(async () => {
      const found = await security.client.request(challenges, { deployment: name });
      expect(found.results.length).toBeGreaterThanOrEqual(before + 3);
      return found.results.slice(0, 3);
    });
    const times = results.map(({ at }) => Date.parse(at)).toSorted();
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_500);
    await security.client.request(drop, { deployment: name });
    expect(deployer.app.get(FakeDeployer).revocations).toEqual([]);
  });
});

describe('is caught, told and revoked:', () => {
  it('another key', async () => {
    const { name, host } = await deployed();
    await host.kernel.setKey(host.instance, randomBytes(32));
    expect(await ask(name)).toMatchObject([{ outcome: 'wrong-mac' }]);
    await enforce(name);
    expect(await revoked(name)).toMatchObject({ host: host.name, outcome: 'wrong-mac' });
  });

  it('code that was changed in memory', async () => {
    const { name, host } = await deployed();
    await enforce(name);
    host.kernel.patch('dns_tag');
    expect(await revoked(name)).toMatchObject({
      outcome: 'tampered',
      message: expect.stringContaining(host.name),
    });
  });

  it('a core that was changed in memory', async () => {
    const { name, host } = await deployed();
    host.kernel.patch('l45');
    expect(await ask(name)).toMatchObject([{ outcome: 'tampered' }]);
  });

  it('an answer that was given before', async () => {
    class Replaying extends FakeKernel {
      private first?: Vouched;
      override async challenge(question: Question): Promise<Vouched> {
        this.first ??= await super.challenge(question);
        return this.first;
      }
    }
    const { name } = await deployed(new Replaying());
    expect(await ask(name)).toMatchObject([{ outcome: 'wrong-mac' }]);
    await enforce(name);
    expect(await revoked(name)).toMatchObject({ outcome: 'wrong-mac' });
  });

  it('silence', async () => {
    const { name, host } = await deployed();
    await host.stopAgent();
    await enforce(name);
    const alarm = await revoked(name);
    expect(alarm).toMatchObject({ outcome: 'silent' });
    expect(alarm.ms).toBeLessThan(3_000);
    expect(deployer.app.get(FakeDeployer).revocations.at(-1)).toMatchObject({
      author: 'security',
      reason: expect.stringContaining('silent'),
    });
  });

  it('an answer that comes too late', async () => {
    class Late extends FakeKernel {
      readonly waiting: (() => void)[] = [];
      isLate = false;
      override async challenge(question: Question): Promise<Vouched> {
        if (this.isLate) await new Promise<void>((resolve) => this.waiting.push(resolve));
        return super.challenge(question);
      }
    }
    const kernel = new Late();
    const { name } = await deployed(kernel);
    kernel.isLate = true;
    await enforce(name);
    expect(await revoked(name)).toMatchObject({ outcome: 'silent' });
    kernel.isLate = false;
    for (const goOn of kernel.waiting) goOn();
  });
});

it('is counted by outcome', async () => {
  const { resourceMetrics } = await meters.collect();
  const [counted] = resourceMetrics.scopeMetrics
    .flatMap((scope) => scope.metrics)
    .filter(({ descriptor }) => descriptor.name === 'l45.challenges');
  const counts = counted?.dataPoints.map(({ attributes, value }) => [
    attributes['l45.outcome'],
    Number(value) > 0,
  ]);
  expect(Object.fromEntries(counts ?? [])).toEqual({
    passed: true,
    'wrong-mac': true,
    tampered: true,
    silent: true,
    refused: false,
  });
});

describe('is refused, and changes nothing:', () => {
  it('a challenge of what is not, or no longer, deployed', async () => {
    await expect(ask('nothing')).rejects.toMatchObject({ name: 'UNKNOWN_DEPLOYMENT' });
    const { name } = await deployed();
    await deployer.client.request(ENDPOINTS.deployer.revoke, { name });
    await expect(ask(name)).rejects.toMatchObject({ name: 'WRONG_STATE' });
  });

  it('a challenge of an instance that is gone, which is no reason to revoke', async () => {
    const { name, host } = await deployed();
    const before = await security.client.request(challenges, { deployment: name });
    await host.kernel.byOthers(() => host.kernel.deleteInstance(host.instance));
    await expect(ask(name)).rejects.toMatchObject({
      name: 'UNKNOWN_INSTANCE',
      message: expect.stringContaining(`"${name}" has no instance`),
    });
    expect(await security.client.request(challenges, { deployment: name })).toEqual(before);
    expect(alarms.filter(({ deployment }) => deployment === name)).toEqual([]);
    expect(deployer.app.get(FakeDeployer).revocations.map((request) => request.name)).not.toContain(
      name,
    );
  });

  it('a window that is longer than the interval', async () => {
    const wrong = { deployment: 'any', interval: 5, window: 6 };
    await expect(security.client.request(policy, wrong)).rejects.toMatchObject({
      name: 'VALIDATION',
      details: [expect.objectContaining({ field: 'window' })],
    });
  });

  it('a network that is none', async () => {
    for (const prefix of ['10.0.0.0/64', '10.0.0.1/8', 'x'])
      await expect(security.client.request(require, { prefixes: [prefix] })).rejects.toMatchObject({
        name: 'VALIDATION',
      });
    expect((await security.client.request(policies, {})).required).toEqual([]);
  });
});

it('networks are required and released', async () => {
  const prefixes = ['10.0.0.0/8', 'fd45::/64'];
  const set = await security.client.request(require, { prefixes });
  expect(set.required).toEqual(prefixes);
  expect((await security.client.request(require, { prefixes: [] })).required).toEqual([]);
});

describe('a key that is told in secret', () => {
  const pair = generateKeyPairSync('x25519');
  const recipient = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const secret = randomBytes(32);

  it('is read by whom it is for, and only for what it is for', () => {
    const sealed = sealFor(recipient, secret, 'host a');
    expect(Buffer.from(sealed, 'base64').includes(secret)).toBe(false);
    expect(openSealed(pair.privateKey, sealed, 'host a')).toEqual(secret);
    expect(() => openSealed(pair.privateKey, sealed, 'host b')).toThrow('authenticate');
    const other = generateKeyPairSync('x25519').privateKey;
    expect(() => openSealed(other, sealed, 'host a')).toThrow('authenticate');
  });
});
