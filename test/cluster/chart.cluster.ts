// SPDX-License-Identifier: Apache-2.0
//
// npm run test:cluster: the chart in a real API server, that of KUBECONFIG, or one which is started
// from the folder KUBEBUILDER_ASSETS. Images are not needed: nothing is asked of a pod that runs.
import { execa } from 'execa';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCENARIOS, VERSIONS } from '../chart/helm.js';
import { type ControlPlane, startControlPlane } from './control-plane.js';
import { Release } from './release.js';

jest.setTimeout(300_000);

let folder: string;
let kubeconfig: string;
let controlPlane: ControlPlane | undefined;
const releases: Release[] = [];

/** In a namespace of its own. */
async function release(
  version: (typeof VERSIONS)[number],
  standard: 'restricted' | 'privileged' = 'privileged',
): Promise<Release> {
  const made = new Release(kubeconfig, `l45-${randomUUID().slice(0, 8)}`, version);
  await made.createNamespace(standard);
  releases.push(made);
  return made;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'l45-cluster-'));
  const { KUBECONFIG, KUBEBUILDER_ASSETS } = process.env;
  if (!KUBECONFIG && !KUBEBUILDER_ASSETS)
    throw new Error(
      'set KUBECONFIG to that of a cluster, or KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver',
    );
  if (!KUBECONFIG) controlPlane = await startControlPlane(KUBEBUILDER_ASSETS ?? '', folder);
  kubeconfig = KUBECONFIG ?? controlPlane?.kubeconfig ?? '';
});

afterAll(async () => {
  for (const each of releases) await each.remove();
  await controlPlane?.stop();
  await rm(folder, { recursive: true });
});

describe.each(VERSIONS)('Helm %i', (version) => {
  it.each(SCENARIOS)(
    'installs with the values of %s, and nothing is warned of',
    async (scenario) => {
      const standard = scenario === 'no-agents' ? 'restricted' : 'privileged';
      const said = await (await release(version, standard)).apply(scenario);
      expect(said).toContain('STATUS: deployed');
      expect(said).not.toMatch(/warning|would violate/i);
    },
  );

  it('keeps what it generated when it upgrades', async () => {
    const own = await release(version);
    await own.apply();
    const before = await own.secrets();
    expect(Object.keys(before).length).toBeGreaterThan(4);
    await own.apply(undefined, ['logLevel=debug', 'networkPolicy.enabled=false']);
    expect(await own.secrets()).toEqual(before);
  });
});

describe('in the API server', () => {
  let own: Release;

  beforeAll(async () => {
    own = await release(4);
    await own.apply();
  });

  /** The environment of a pod with the token of an account. */
  async function pod(account: string) {
    const home = join(folder, account);
    await mkdir(home);
    await writeFile(join(home, 'token'), await own.token(account));
    await writeFile(join(home, 'namespace'), own.namespace);
    await writeFile(join(home, 'ca.crt'), own.authority);
    return {
      NODE_EXTRA_CA_CERTS: join(home, 'ca.crt'),
      L45_KUBERNETES_API: own.url,
      L45_KUBERNETES_TOKEN: join(home, 'token'),
    };
  }

  it('the job makes every identity that pods wait for, and may read none of them', async () => {
    const env = await pod('l45-identities');
    const make = () =>
      execa('node', ['dist/identities/main.js', '--kubernetes', 'l45-nats-'], {
        env,
        timeout: 30_000,
      });
    await make();
    const made = await own.secrets();
    for (const role of [
      'builder',
      'deployer',
      'monitor',
      'security',
      'middlebox',
      'newcomer',
      'operator',
    ])
      expect(Object.keys(made[`l45-nats-${role}`] ?? {})).toEqual(['nats.creds']);
    await make();
    const { 'l45-nats-accounts': _, ...after } = await own.secrets();
    expect(made).toMatchObject(after);

    const { stdout } = await execa('curl', [
      ...['--silent', '--cacert', env.NODE_EXTRA_CA_CERTS, '--output', '/dev/null'],
      ...[
        '--write-out',
        '%{http_code}',
        '--header',
        `Authorization: Bearer ${await own.token('l45-identities')}`,
      ],
      `${own.url}/api/v1/namespaces/${own.namespace}/secrets/l45-nats-operator`,
    ]);
    expect(stdout).toBe('403');
  });

  it('the security service is told on which node an agent runs, and who is none', async () => {
    const agentPod = (name: string, serviceAccountName: string) =>
      own.core.createNamespacedPod({
        namespace: own.namespace,
        body: {
          metadata: { name },
          spec: {
            serviceAccountName,
            nodeName: 'node-1.example.org',
            containers: [{ name: 'agent', image: 'localhost/l45-agent' }],
          },
        },
      });
    await agentPod('agent', 'l45-agent');
    await agentPod('other', 'l45');
    const env = await pod('l45-security');
    const named = `system:serviceaccount:${own.namespace}:l45`;
    const accounts = {
      L45_AGENT_ACCOUNT: `${named}-agent`,
      L45_MIDDLEBOX_ACCOUNTS: `${named}-middlebox-agent-`,
    };
    const review = (token: string) =>
      execa('node', ['--import', 'tsx', 'test/cluster/review.ts', token], {
        env: { ...env, ...accounts },
        reject: false,
      });
    const token = (account: string, name: string, audience = 'l45') =>
      own.token(account, { pod: name, audience });

    expect((await review(await token('l45-agent', 'agent'))).stdout).toBe('host node-1');
    expect((await review(await token('l45', 'other'))).stdout).toContain('the pod is no agent');
    const elsewhere = await token('l45-agent', 'agent', 'https://kubernetes.default.svc');
    expect((await review(elsewhere)).stdout).toContain('for somebody else');
  });
});
