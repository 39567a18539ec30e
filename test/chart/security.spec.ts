// SPDX-License-Identifier: Apache-2.0
import { type Container, type Manifest, type Pod, podsOf, render, SCENARIOS } from './helm.js';

const containersOf = ({ spec }: Pod) => [...(spec.initContainers ?? []), ...spec.containers];

describe.each(SCENARIOS)('security, with the values of %s', (scenario) => {
  let manifests: Manifest[];
  let pods: Pod[];

  beforeAll(async () => {
    manifests = await render({ scenario });
    pods = podsOf(manifests);
  }, 30_000);

  it('gives access to the API of Kubernetes to who makes and who issues identities', () => {
    expect(pods.length).toBeGreaterThan(5);
    const talking: string[] = [];
    for (const { owner, spec } of pods) {
      expect([owner, spec['automountServiceAccountToken']]).toEqual([owner, false]);
      if (spec.volumes?.some(({ name }) => name === 'kubernetes'))
        talking.push(String(spec['serviceAccountName']));
    }
    const making = ['external', 'production'].includes(String(scenario)) ? [] : ['l45-identities'];
    const reviewing = scenario === 'no-agents' ? [] : ['l45-security'];
    expect(talking.toSorted()).toEqual([...making, ...reviewing]);
    const accounts = manifests.filter(({ kind }) => kind === 'ServiceAccount');
    expect(accounts.map((account) => account['automountServiceAccountToken'])).toEqual(
      accounts.map(() => false),
    );

    const rules = manifests.flatMap(({ rules: some }) => (some as object[] | undefined) ?? []);
    const secrets = { apiGroups: [''], resources: ['secrets'] };
    const resourceNames = ['l45-nats-issuer', 'l45-nats-accounts'];
    const reviews = { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] };
    expect(rules).toHaveLength(2 * making.length + reviewing.length);
    expect(rules).toEqual(
      expect.arrayContaining([
        ...making.map(() => ({ ...secrets, verbs: ['create'] })),
        ...making.map(() => ({ ...secrets, resourceNames, verbs: ['get', 'update'] })),
        ...reviewing.map(() => ({ ...reviews, verbs: ['create'] })),
      ]),
    );
  });

  it('gives the token of its pod to each agent, for the security service only', () => {
    for (const pod of pods) {
      const text = JSON.stringify(pod.spec.volumes ?? []);
      const isAny = isAgent(pod) || isMiddlebox(pod);
      expect([pod.owner, text.includes('"audience":"l45"')]).toEqual([pod.owner, isAny]);
    }
  });

  it('confines every container', () => {
    for (const pod of pods) {
      expect(pod.spec['securityContext']).toMatchObject({
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const { securityContext } of containersOf(pod)) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(securityContext).not.toHaveProperty('privileged');
      }
    }
  });

  it('lets nobody be root, see the host or add capabilities, but agents', () => {
    for (const { owner, spec } of pods.filter((pod) => !isAgent(pod) && !isTap(pod))) {
      expect([owner, spec['securityContext']]).toEqual([
        owner,
        expect.objectContaining({ runAsNonRoot: true }),
      ]);
      expect(spec).not.toHaveProperty('hostNetwork');
      expect((spec.volumes ?? []).filter(({ hostPath }) => hostPath)).toEqual([]);
      for (const { securityContext } of spec.containers) {
        expect(securityContext?.['capabilities']).toEqual({ drop: ['ALL'] });
      }
    }
  });

  it('lets an init container load modules, the agent talk to the core, and neither do more', () => {
    const agents = pods.filter(isAgent);
    expect(agents).toHaveLength(scenario === 'no-agents' ? 0 : 1);
    for (const { spec } of agents) {
      expect(spec).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
      expect(spec).not.toHaveProperty('hostPID');
      const paths = spec.volumes?.flatMap(({ hostPath }) => hostPath?.path ?? []);
      expect(paths).toEqual([
        '/var/lib/layer45',
        '/var/lib/layer45/artifacts',
        '/var/lib/layer45-loader',
        '/sys/fs/cgroup',
      ]);
      const [loader, ...others] = spec.initContainers ?? [];
      const [agent, ...more] = spec.containers;
      expect([...others, ...more]).toEqual([]);
      const added = (container?: Container) => container?.securityContext?.['capabilities'];
      expect(added(loader)).toEqual({ drop: ['ALL'], add: ['SYS_MODULE'] });
      expect(added(agent)).toEqual({ drop: ['ALL'], add: ['NET_ADMIN'] });
    }
  });

  it('keeps what the loader trusts from the agent, and the bus from the loader', () => {
    for (const { spec } of pods.filter(isAgent)) {
      const [loader, agent] = [spec.initContainers?.[0], spec.containers[0]];
      const mounted = (container?: Container) =>
        container?.volumeMounts?.map(({ name, readOnly }) => (readOnly ? `${name}, read` : name));
      expect(mounted(loader)).toEqual(['loader', 'loader-state', 'artifacts, read']);
      expect(mounted(agent)).not.toContain('loader-state');
      expect(loader).toHaveProperty('restartPolicy', 'Always');
      const socket = [loader, agent].map(
        (one) => one?.env?.find(({ name }) => name === 'L45_LOADER')?.value,
      );
      expect(socket).toEqual(['/run/l45/loader.sock', '/run/l45/loader.sock']);
    }
  });

  it('lets a middlebox watch an interface, keep a folder of the node, and no more', () => {
    const taps = pods.filter(isTap);
    expect(taps).toHaveLength(scenario === 'middleboxes' ? 1 : 0);
    for (const { spec } of taps) {
      expect(spec).toMatchObject({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' });
      expect(spec).not.toHaveProperty('hostPID');
      const paths = spec.volumes?.flatMap(({ hostPath }) => hostPath?.path ?? []);
      expect(paths).toEqual(['/var/lib/layer45-tap-1']);
      const [container] = spec.containers;
      expect(container?.securityContext?.['capabilities']).toEqual({
        drop: ['ALL'],
        add: ['NET_RAW'],
      });
    }
  });

  it('bounds memory everywhere, and probes whatever stays', () => {
    for (const { resources } of pods.flatMap(containersOf)) {
      expect(resources?.requests).toMatchObject({ cpu: expect.anything() });
      expect(resources?.limits?.memory).toEqual(expect.any(String));
    }
    for (const { owner, spec } of pods) {
      for (const container of spec.containers) {
        if (owner === 'Pod/l45-test' || owner.startsWith('Job/')) continue;
        expect(container).toMatchObject({
          livenessProbe: expect.anything(),
          readinessProbe: expect.anything(),
        });
      }
    }
  });

  it('mounts into each pod its own identity, and no other', () => {
    for (const { owner, spec, labels } of pods) {
      const component = labels['app.kubernetes.io/component'];
      const role = component?.replace(/^middlebox-agent-.*/, 'agent') ?? '';
      const user = { test: 'operator', agent: 'newcomer' }[role] ?? role;
      const mounted =
        JSON.stringify(spec.volumes ?? [])
          .match(/l45-nats-[a-z]+|[a-z]+\.creds"|authority\.json"/g)
          ?.filter((name) => name !== 'l45-nats-ca' && name !== 'nats.creds"') ?? [];
      const given: Record<string, string[]> = {
        postgres: [],
        identities: [],
        migrate: [],
        nats: ['l45-nats-accounts', 'l45-nats-server'],
      };
      const ofClients =
        scenario === 'external'
          ? ['l45-nats-credentials', `${user}.creds"`]
          : [`l45-nats-${user}`, ...(user === 'security' ? ['l45-nats-issuer'] : [])];
      const issuing =
        scenario === 'external' && user === 'security' ? Array(2).fill('authority.json"') : [];
      expect([owner, mounted]).toEqual([owner, given[user] ?? [...ofClients, ...issuing]]);
    }
  });

  it('denies by default, unless policies are off', () => {
    const denying = manifests.filter(
      ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'l45-default-deny',
    );
    const everything = {
      podSelector: {
        matchLabels: { 'app.kubernetes.io/name': 'l45', 'app.kubernetes.io/instance': 'l45' },
      },
      policyTypes: ['Ingress', 'Egress'],
    };
    expect(denying.map(({ spec }) => spec)).toEqual(scenario === 'minimal' ? [] : [everything]);
  });
});

const isAgent = ({ owner }: Pod) => owner === 'DaemonSet/l45-agent';
const isMiddlebox = ({ owner }: Pod) => owner.startsWith('Deployment/l45-middlebox-agent-');
/** The middlebox that watches an interface. */
const isTap = ({ owner }: Pod) => owner === 'Deployment/l45-middlebox-agent-tap-1';
