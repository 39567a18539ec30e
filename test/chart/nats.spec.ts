// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, Buckets, type BusOptions, connect, inboxPrefix } from '@l45/bus';
import { type NatsServer, startNats } from '@l45/bus/testing';
import { type BusRole, ENDPOINTS, type ServiceName } from '@l45/contracts';
import { connect as dial, type NatsConnection } from '@nats-io/transport-node';
import { createUser } from '@nats-io/nkeys';
import { fmtCreds } from '@nats-io/jwt';
import { Logger } from '@nestjs/common';
import { execa } from 'execa';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority } from '../../apps/security/src/identities/authority.js';
import { writeSecrets } from '../../apps/security/src/identities/identity-secrets.js';
import { KubernetesSecrets } from '../../apps/security/src/identities/kubernetes-secrets.js';
import { type Manifest, podsOf, render } from './helm.js';
import { SecretsApi } from './secrets-api.js';

jest.setTimeout(30_000);

type Data = Record<string, string>;

const dataOf = (manifests: Manifest[], kind: string, name: string): Data => {
  const found = manifests.find((each) => each.kind === kind && each.metadata.name === name);
  return found?.['data'] as Data;
};

const CLIENTS: BusRole[] = ['deployer', 'operator', 'newcomer'];

/** The chart's configuration, certificate and job on a real server, as its pods would use them. */
describe('the NATS server of the chart', () => {
  let folder: string;
  let kubernetes: SecretsApi;
  let secrets: KubernetesSecrets;
  let server: NatsServer;
  let url: string;
  let deployer: NatsConnection;
  let agent: NatsConnection;
  let complaints: string[];
  const asDeployer: BusOptions = { service: 'deployer', description: '' };
  const asAgent: BusOptions = { service: 'agent', host: 'client', description: '' };

  const files = (user: string) => ({
    NATS_CA: join(folder, 'ca.crt'),
    NATS_CREDS: join(folder, `${user}.creds`),
  });
  const connectAs = (options: BusOptions, user: string = options.service) =>
    connect({ NATS_URL: url, ...files(user) }, { name: user, inboxPrefix: inboxPrefix(options) });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-chart-'));
    const manifests = await render({});
    kubernetes = await SecretsApi.start('net');
    const token = join(folder, 'token');
    await writeFile(token, kubernetes.token);
    await writeFile(join(folder, 'namespace'), 'net');
    const job = podsOf(manifests).find(({ owner }) => owner.startsWith('Job/l45-identities-'));
    const [, , prefix = ''] = job?.spec.containers[0]?.args ?? [];
    const { port } = kubernetes.server.address() as AddressInfo;
    secrets = await KubernetesSecrets.open({
      L45_KUBERNETES_API: `http://127.0.0.1:${port}`,
      L45_KUBERNETES_TOKEN: token,
    });
    await writeSecrets(secrets, prefix);

    const config = join(folder, 'nats.conf');
    await writeFile(join(folder, 'accounts.conf'), kubernetes.text('l45-nats-accounts'));
    for (const role of CLIENTS)
      await writeFile(join(folder, `${role}.creds`), kubernetes.text(`l45-nats-${role}`));
    const authority = new Authority(JSON.parse(kubernetes.text('l45-nats-issuer')));
    const key = createUser();
    const jwt = await authority.userJwt('host-agent', 'client', key.getPublicKey());
    await writeFile(join(folder, 'agent.creds'), fmtCreds(jwt, key));
    await mkdir(join(folder, 'server'));
    for (const [secret, place] of [
      ['l45-nats-server', 'server'],
      ['l45-nats-ca', ''],
    ] as const)
      for (const [name, text] of Object.entries(dataOf(manifests, 'Secret', secret)))
        await writeFile(join(folder, place, name), Buffer.from(text, 'base64'));
    const text = dataOf(manifests, 'ConfigMap', 'l45-nats')['nats.conf'] ?? '';
    await writeFile(
      config,
      text
        .replaceAll('/etc/l45/nats/', `${folder}/server/`)
        // startNats has a folder of its own.
        .replace('store_dir: /data', '')
        .replace('/data/accounts', join(folder, 'accounts'))
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
    kubernetes?.server.close();
    await rm(folder, { recursive: true });
  });

  it('takes nobody without an identity', async () => {
    const tls = { caFile: files('agent').NATS_CA };
    await expect(dial({ servers: url, tls, reconnect: false })).rejects.toThrow(
      'Authorization Violation',
    );
  });

  it('lets an agent do its work', async () => {
    const { desired } = new Buckets(deployer, asDeployer);
    const state = { host: 'client', revision: 1, artifacts: [], instances: [] };
    await desired.put('client', state);

    const buckets = new Buckets(agent, asAgent);
    for await (const change of buckets.desired.watch('client')) {
      if (change.kind === 'current') break;
      expect(change).toMatchObject({ kind: 'put', key: 'client', value: state });
    }
    expect(complaints).toEqual([]);
  });

  it('lets nobody who is an agent command others', async () => {
    await expect(new Buckets(agent, asAgent).desired.put('client', {} as never)).rejects.toThrow(
      'Permissions Violation',
    );
    const { subject } = ENDPOINTS.deployer.revoke;
    await expect(agent.request(subject, '{}')).rejects.toThrow('Permissions Violation');
    await expect(new ArtifactStore(deployer, asDeployer).put(Buffer.of(1))).rejects.toThrow(
      'Permissions Violation',
    );
    await agent.flush();
    expect(complaints).toHaveLength(3);
  });

  it('keeps identities when the job runs again, and adds those that are missing', async () => {
    const before = new Map(kubernetes.secrets);
    kubernetes.secrets.delete('l45-nats-monitor');
    await writeSecrets(secrets, 'l45-nats-');
    expect([...kubernetes.secrets.keys()].toSorted()).toEqual([...before.keys()].toSorted());
    for (const name of ['issuer', 'deployer', 'operator', 'newcomer'])
      expect(kubernetes.text(`l45-nats-${name}`)).toBe(
        Object.values(before.get(`l45-nats-${name}`) ?? {})[0],
      );
  });

  it('answers the test of a release, which is run as operator', async () => {
    await execa(process.execPath, ['helm/images/bundle-request.mjs', join(folder, 'request')]);
    const built = join(folder, 'request/main.js');
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
