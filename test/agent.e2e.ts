// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, StateBucket } from '@l45/bus';
import { type NatsServer, startNats } from '@l45/bus/testing';
import {
  type AgentStatus,
  type Artifact,
  DESIRED_BUCKET,
  type DesiredInstance,
  type DesiredState,
  OBSERVED_BUCKET,
  type ObservedState,
} from '@l45/contracts';
import { type GuestProcess, MACHINE_ADDRESS, Testbed, type VirtualHost } from '@l45/testbed';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SIGNER } from '../apps/agent/src/testing/signer.js';
import { temporaryFolder } from './testbed/folder.js';

// The agent alone, with a real kernel: what only the control plane adds is left to other scenarios.
const HOST = 'lonely';
const run = promisify(execFile);

let modules: Awaited<ReturnType<typeof temporaryFolder>>;
let testbed: Testbed;
let host: VirtualHost;
let nats: NatsServer;
let control: NatsConnection;
let desired: StateBucket<DesiredState>;
let observed: StateBucket<ObservedState>;
let agent: GuestProcess;
let artifacts: Artifact[];
let revision = 0;

const everything: DesiredInstance = {
  id: randomUUID(),
  deployment: randomUUID(),
  customization: 'dns_tag',
  role: 'client',
  match: {
    protocols: ['udp'],
    applications: ['dig', 'node*'],
    local: { prefixes: ['0.0.0.0/0', 'fd45::/64'], ports: ['1024-65535'] },
    remote: { prefixes: ['10.45.0.77/24', '::ffff:192.0.2.1', 'fd45::2'], ports: ['53', '5353'] },
    uids: [0, 4_294_967_294],
    cgroups: ['/'],
  },
  params: { app_id: 'e2e', position: 'end', responses: false },
  priority: 65_535,
  mode: 'observe',
  directions: ['ingress'],
  attach: 'immediate',
  deprecated: false,
};

async function storeModule(name: string, file: string): Promise<Artifact> {
  const bytes = await readFile(join(modules.path, file));
  const store = new ArtifactStore(control, { service: 'builder', description: 'stores modules' });
  const { stdout } = await run('/usr/sbin/modinfo', ['-F', 'srcversion', join(modules.path, file)]);
  const digest = await store.put(bytes);
  const target = { kernelRelease: testbed.kernelRelease, arch: 'x86_64' };
  const statement = { digest, target, customization: name, version: '1.0.0', counter: 1 };
  const signature = SIGNER.sign(statement);
  return { name, digest, size: bytes.length, srcversion: stdout.trim(), signature };
}

/** Runs an application, with all capabilities or with one. */
function start(application: string, env: Record<string, string>, capability?: string) {
  const main = join(process.cwd(), 'dist', application, 'main.js');
  const bounds = capability ? [`--bounding-set=-all,+${capability}`] : [];
  return host.spawn('setpriv', ['--inh-caps=-all', ...bounds, 'node', main], { env });
}

async function startAgent(env: Record<string, string> = {}, capability?: string): Promise<void> {
  const own = {
    NATS_URL: `nats://${MACHINE_ADDRESS}:${nats.port}`,
    L45_HOST: HOST,
    L45_TRUSTED_KEYS: JSON.stringify({ keys: [SIGNER.key] }),
  };
  agent = await start('agent', { ...own, ...env }, capability);
}

async function want(instances: DesiredInstance[], modulesToHave = artifacts): Promise<number> {
  await desired.put(HOST, {
    host: HOST,
    revision: ++revision,
    artifacts: modulesToHave,
    instances,
  });
  return revision;
}

async function reported(holds: (state: ObservedState) => boolean): Promise<ObservedState> {
  let last: ObservedState | undefined;
  for await (const change of observed.watch(HOST, AbortSignal.timeout(60_000))) {
    if (change.kind !== 'put') continue;
    last = change.value;
    if (holds(last)) return last;
  }
  throw new Error(`no such report; the last: ${JSON.stringify(last)}\n${agent.stdout()}`);
}

const applied = (wanted: number): Promise<ObservedState> =>
  reported((state) => state.desiredRevision === wanted && state.problems.length === 0);

const status = async (): Promise<AgentStatus> =>
  (await control.request(`l45.agent.${HOST}.status`, '', { timeout: 20_000 })).json();

const loadedModules = async (): Promise<string[]> =>
  (await host.sh("awk '/^l45/ { print $1 }' /proc/modules")).trim().split('\n').filter(Boolean);

beforeAll(async () => {
  [modules, nats, testbed] = await Promise.all([temporaryFolder(), startNats(), Testbed.create()]);
  control = await connect({ servers: nats.url });
  desired = new StateBucket(control, DESIRED_BUCKET, { create: true });
  observed = new StateBucket(control, OBSERVED_BUCKET, { create: true });
  const headers = `/usr/src/linux-headers-${testbed.kernelRelease}`;
  const make = ['-C', 'kernel', `KDIR=${headers}`, `OUT=${modules.path}`];
  await run('make', [...make, 'module-core']);
  await run('make', [...make, 'module-customization', 'NAME=dns_tag']);
  artifacts = [await storeModule('l45', 'l45.ko'), await storeModule('dns_tag', 'l45_dns_tag.ko')];
  host = await testbed.startHost({ name: HOST, addresses: ['10.45.0.1/24', 'fd45::1/64'] });
  await startAgent();
}, 240_000);

afterAll(async () => {
  await control.close();
  await Promise.all([nats.stop(), testbed.close()]);
  await modules.remove();
}, 60_000);

it('makes its host known before there is anything to run', async () => {
  const state = await reported(() => true);
  expect(state).toMatchObject({
    target: { kernelRelease: testbed.kernelRelease, arch: 'x86_64' },
    bootId: (await host.sh('cat /proc/sys/kernel/random/boot_id')).trim(),
    desiredRevision: 0,
    customizations: [],
    instances: [],
  });
  expect(state.core).toBeUndefined();
});

it('loads the modules, and registers an instance with everything that a match can have', async () => {
  const state = await applied(await want([everything]));
  expect(state.core?.srcversion).toBe(artifacts[0]?.srcversion);
  expect(state.customizations).toMatchObject([
    { name: 'dns_tag', srcversion: artifacts[1]?.srcversion, users: 1 },
  ]);
  const { match: _match, params: _params, attach: _attach, ...rest } = everything;
  expect(state.instances).toMatchObject([{ ...rest, sockets: 0, lastUsed: '0' }]);
  expect(await loadedModules()).toEqual(['l45_dns_tag', 'l45']);
});

it('says in the words of the kernel what it refuses, and sets up the rest', async () => {
  const bad = { ...everything, id: randomUUID(), params: { position: 'left' } };
  const unknown = { ...everything, id: randomUUID(), params: { colour: 'red' } };
  const wanted = await want([bad, unknown, { ...everything, priority: 3 }]);
  const { problems, instances } = await reported((state) => state.desiredRevision === wanted);
  expect(problems).toMatchObject([
    {
      subject: bad.id,
      name: 'KERNEL',
      message: expect.stringContaining('the customization refuses these parameters'),
    },
    {
      subject: unknown.id,
      name: 'KERNEL',
      message: expect.stringContaining('no such parameter'),
    },
  ]);
  expect(instances).toMatchObject([{ id: everything.id, priority: 3 }]);
  await applied(await want([everything]));
});

describe('with a socket attached', () => {
  const attached: DesiredInstance = {
    ...everything,
    id: randomUUID(),
    match: { applications: ['client'] },
    mode: 'active',
    directions: ['ingress', 'egress'],
  };
  let client: GuestProcess;

  beforeAll(async () => {
    const script = [
      "process.title = 'client'; const socket = require('node:dgram').createSocket('udp4');",
      "socket.connect(53, '10.45.0.9', () => console.log(socket.address().port));",
      "process.stdin.on('data', () => socket.send('x', () => console.log('sent')));",
    ];
    await applied(await want([attached]));
    client = await host.spawn('node', ['-e', script.join('')]);
    await client.waitForLine(/^\d+$/);
    client.write('\n');
    await client.waitForLine('sent');
  }, 60_000);
  afterAll(() => client.kill());

  it('tells which sockets have it', async () => {
    const { sockets } = await status();
    expect(sockets).toMatchObject([
      {
        protocol: 'udp',
        local: { address: '10.45.0.1', port: expect.any(Number) },
        remote: { address: '10.45.0.9', port: 53 },
        application: 'client',
        uid: 0,
        instances: [attached.id],
      },
    ]);
  });

  it('changes nothing of it when it is killed and started again', async () => {
    agent.kill('SIGKILL');
    await agent.wait();
    const { at } = await reported(() => true);
    await startAgent();
    const state = await reported((now) => now.at > at && now.desiredRevision === revision);
    expect(state.instances).toMatchObject([{ id: attached.id, sockets: 1 }]);
    expect(state.instances[0]?.counters.attached).toBe('1');
  }, 60_000);

  it('revokes and unloads it while it is in use', async () => {
    const state = await applied(await want([], artifacts.slice(0, 1)));
    expect(state).toMatchObject({ instances: [], customizations: [] });
    expect(await loadedModules()).toEqual(['l45']);
  });
});

it('sets everything up again after a reset of the host', async () => {
  const wanted = await want([everything]);
  const { bootId } = await applied(wanted);
  await host.reset();
  await startAgent();
  const state = await reported(
    (now) => now.bootId !== bootId && now.desiredRevision === wanted && now.problems.length === 0,
  );
  expect(state.instances).toMatchObject([{ id: everything.id }]);
  expect(await loadedModules()).toEqual(['l45_dns_tag', 'l45']);
}, 120_000);

it('needs one capability, and a loader with the other one, as in a pod', async () => {
  await applied(await want([], artifacts.slice(0, 1)));
  const { at } = await reported(() => true);
  agent.kill();
  await agent.wait();
  await host.sh('rmmod l45');

  const loader = await start('loader', {}, 'sys_module');
  await startAgent({ L45_LOADER: '/run/l45/loader.sock' }, 'net_admin');
  const wanted = await want([everything]);
  const state = await reported((now) => now.at > at && now.desiredRevision === wanted);
  expect(state).toMatchObject({ problems: [], instances: [{ id: everything.id }] });
  expect(await loadedModules()).toEqual(['l45_dns_tag', 'l45']);
  expect(loader.stdout()).toContain('loaded dns_tag');
}, 120_000);
