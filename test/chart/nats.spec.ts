// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, Buckets, type BusOptions, connect, inboxPrefix } from '@l45/bus';
import { type NatsServer, startNats } from '@l45/bus/testing';
import { ENDPOINTS, type ServiceName } from '@l45/contracts';
import { Logger } from '@nestjs/common';
import { connect as dial, type NatsConnection } from '@nats-io/transport-node';
import { execa } from 'execa';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Manifest, render } from './helm.js';

type Data = Record<string, string>;

const dataOf = (manifests: Manifest[], kind: string, name: string): Data => {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  return found?.['data'] as Data;
};

/** The chart's configuration and certificates on a real server, as its pods would use them. */
describe('the NATS server of the chart', () => {
  let folder: string;
  let server: NatsServer;
  let url: string;
  let deployer: NatsConnection;
  let agent: NatsConnection;
  let complaints: string[];
  const asDeployer: BusOptions = { service: 'deployer', description: '' };
  const asAgent: BusOptions = { service: 'agent', host: 'client', description: '' };

  const files = (user: string) => ({
    NATS_CA: join(folder, user, 'ca.crt'),
    NATS_CERT: join(folder, user, 'tls.crt'),
    NATS_KEY: join(folder, user, 'tls.key'),
  });
  const connectAs = (options: BusOptions, user: string = options.service) =>
    connect({ NATS_URL: url, ...files(user) }, { name: user, inboxPrefix: inboxPrefix(options) });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-chart-'));
    const manifests = await render({});
    for (const user of ['server', 'deployer', 'agent', 'operator']) {
      await mkdir(join(folder, user));
      const secret = dataOf(manifests, 'Secret', `l45-nats-${user}`);
      for (const [name, text] of Object.entries(secret)) {
        await writeFile(join(folder, user, name), Buffer.from(text, 'base64'));
      }
    }
    const config = join(folder, 'nats.conf');
    const text = dataOf(manifests, 'ConfigMap', 'l45-nats')['nats.conf'] ?? '';
    await writeFile(
      config,
      text
        .replaceAll('/etc/l45/nats/', `${folder}/server/`)
        // startNats has a folder of its own.
        .replace('store_dir: /data', '')
        .replace('http: 8222', 'http: 127.0.0.1:-1'),
    );
    server = await startNats({ config });
    url = `tls://localhost:${server.port}`;
    deployer = await connectAs(asDeployer);
    complaints = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((said) => void complaints.push(said));
    agent = await connectAs(asAgent);
  });

  afterAll(async () => {
    await Promise.all([agent?.close(), deployer?.close()]);
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  it('takes nobody without a certificate', async () => {
    const stranger = dial({
      servers: url,
      tls: { caFile: files('agent').NATS_CA },
      reconnect: false,
    });
    await expect(stranger).rejects.toThrow(/certificate|ECONNRESET/);
  });

  it('lets an agent do its work', async () => {
    const { desired } = new Buckets(deployer, asDeployer);
    const state = { host: 'client', revision: 1, artifacts: [], instances: [] };
    await desired.put('client', state);
    await new Buckets(deployer, asDeployer).observed.put('server', {} as never);
    const digest = await new ArtifactStore(deployer, asDeployer).put(Buffer.alloc(300_000, 'l45'));

    const buckets = new Buckets(agent, asAgent);
    for await (const change of buckets.desired.watch('client')) {
      if (change.kind === 'current') break;
      expect(change).toMatchObject({ kind: 'put', key: 'client', value: state });
    }
    await buckets.observed.put('client', {} as never);
    expect(await new ArtifactStore(agent, asAgent).get(digest)).toHaveLength(300_000);
    expect(complaints).toEqual([]);
  });

  it('lets nobody who is an agent command others', async () => {
    await expect(new Buckets(agent, asAgent).desired.put('client', {} as never)).rejects.toThrow(
      'Permissions Violation',
    );
    const { subject } = ENDPOINTS.deployer.revoke;
    await expect(agent.request(subject, '{}')).rejects.toThrow('Permissions Violation');
    await agent.flush();
    expect(complaints).toHaveLength(2);
  });

  it('answers the test of a release, which is run as operator', async () => {
    const built = join(folder, 'request.mjs');
    await execa(process.execPath, ['helm/images/bundle-request.mjs', built]);
    const answering = (service: ServiceName, connection: NatsConnection, subject: string) =>
      connection.subscribe(subject, { callback: (_, message) => void message.respond(service) });
    answering('deployer', deployer, 'l45.deployer.status');
    answering('agent', agent, 'l45.agent.client.status');
    await Promise.all([deployer.flush(), agent.flush()]);

    const ask = (...subjects: string[]) =>
      execa(process.execPath, [built, ...subjects], {
        env: { NATS_URL: url, ...files('operator') },
        reject: false,
      });
    expect(await ask('l45.deployer.status', 'l45.agent.client.status')).toMatchObject({
      exitCode: 0,
      stdout: 'ok l45.deployer.status deployer\nok l45.agent.client.status agent',
    });
    const refused = await ask('l45.builder.targets', '$KV.l45_desired.client');
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toMatch(/FAILED l45.builder.targets .*\nFAILED \$KV.*Permissions/);
  });
});
