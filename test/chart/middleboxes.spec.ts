// SPDX-License-Identifier: Apache-2.0
import { type Manifest, type Pod, podsOf, render } from './helm.js';

const scenario = 'middleboxes';
const NAMES = ['tap-1', 'rewriter'];

describe('the middleboxes of the chart', () => {
  let manifests: Manifest[];

  const find = (kind: string, name: string, among = manifests) =>
    among.find((each) => each.kind === kind && each.metadata.name === name);
  const pod = (name: string): Pod['spec'] | undefined =>
    podsOf(manifests).find(({ owner }) => owner === `Deployment/l45-middlebox-agent-${name}`)?.spec;
  const variablesOf = (spec?: Pod['spec']) =>
    Object.fromEntries(spec?.containers[0]?.env?.map(({ name, value }) => [name, value]) ?? []);

  beforeAll(async () => {
    manifests = await render({ scenario });
  });

  it('are none unless they are listed', async () => {
    expect(JSON.stringify(await render({}))).not.toMatch(/middlebox-agent|L45_MIDDLEBOX_ACCOUNTS/);
  });

  it('run one at a time, each as who it is', () => {
    for (const name of NAMES) {
      const deployment = find('Deployment', `l45-middlebox-agent-${name}`);
      expect(deployment?.['spec']).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
      expect(variablesOf(pod(name))).toMatchObject({ L45_ROLE: 'middlebox', L45_HOST: name });
    }
    expect(variablesOf(pod('tap-1'))['L45_CAPTURE']).toBe('eth0');
    expect(pod('tap-1')?.['nodeSelector']).toEqual({ 'kubernetes.io/hostname': 'node-1' });
    expect(variablesOf(pod('rewriter'))).not.toHaveProperty('L45_CAPTURE');
  });

  it('have the programs that their types take', () => {
    expect(pod('tap-1')?.containers[0]?.image).toContain('/l45-middlebox:');
    expect(pod('rewriter')?.containers[0]?.image).toContain('/l45-agent:');
  });

  it('keep modules where the node finds them by the same path, or in the pod', () => {
    for (const name of NAMES) {
      const spec = pod(name);
      const { L45_STATE_DIR: folder, L45_WIRESHARK_PLUGINS: plugins } = variablesOf(spec);
      const { hostPath } = spec?.volumes?.find((volume) => volume.name === 'state') ?? {};
      const mount = spec?.containers[0]?.volumeMounts?.find((each) => each.name === 'state');
      expect(mount).toEqual({ name: 'state', mountPath: folder });
      expect(plugins).toBe(`${folder}/plugins`);
      expect(hostPath?.path).toBe(name === 'tap-1' ? folder : undefined);
    }
  });

  it('enrol by accounts of their names, which the security service knows', () => {
    const security = podsOf(manifests).find(({ owner }) => owner === 'Deployment/l45-security');
    const { L45_MIDDLEBOX_ACCOUNTS: beginning } = variablesOf(security?.spec);
    for (const name of NAMES) {
      const account = String(pod(name)?.['serviceAccountName']);
      expect(find('ServiceAccount', account)).toHaveProperty('automountServiceAccountToken', false);
      expect(`system:serviceaccount:net:${account}`).toBe(`${beginning}${name}`);
    }
  });

  it('enrol where there are no other agents, too', async () => {
    const alone = await render({ scenario, set: ['agent.enabled=false'] });
    const security = podsOf(alone).find(({ owner }) => owner === 'Deployment/l45-security');
    expect(variablesOf(security?.spec)).toHaveProperty('L45_MIDDLEBOX_ACCOUNTS');
    expect(variablesOf(security?.spec)).not.toHaveProperty('L45_AGENT_ACCOUNT');
    expect(alone.filter(({ kind }) => kind === 'ClusterRoleBinding')).toHaveLength(1);
  });

  it('reach NATS through the policies, from the network of the node or of pods', async () => {
    const policy = (name: string, among = manifests) =>
      JSON.stringify(find('NetworkPolicy', name, among)?.['spec']);
    for (const name of ['l45-bus', 'l45-metrics'])
      expect(policy(name)).toContain('"middlebox-agent-rewriter"');
    const alone = (...set: string[]) => render({ scenario, set: ['agent.enabled=false', ...set] });
    expect(policy('l45-nats', await alone())).toContain('ipBlock');
    const podsOnly = await alone('middleboxes[0].interface=');
    expect(policy('l45-nats', podsOnly)).not.toContain('ipBlock');
  });
});
