// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS, SERVICES } from '@l45/contracts';
import { readFile } from 'node:fs/promises';
import { CHART, helm, podsOf, render, SCENARIOS, valuesOf, VERSIONS } from './helm.js';
import { mistakesOf } from './kubernetes.js';

const combinations = VERSIONS.flatMap((version) =>
  SCENARIOS.map((scenario) => ({ version, scenario })),
);
const names = (manifests: { kind: string; metadata: { name: string } }[]) =>
  manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
const control = SERVICES.filter((service) => service !== 'agent');

describe('the chart', () => {
  it.each(combinations)('passes Helm $version, $scenario: lint and types', async (combination) => {
    const { version, scenario } = combination;
    await helm(version, ['lint', '--strict', CHART, ...valuesOf(scenario)]);
    const manifests = await render(combination);
    expect(manifests.flatMap(mistakesOf)).toEqual([]);
    // One resource twice is one too few, which Helm does not notice.
    expect(names(manifests)).toEqual([...new Set(names(manifests))]);
  });

  it('is the same for both versions of Helm, but for what they generate', async () => {
    const settled = [
      'nats.identities.generate=false',
      'postgres.existingSecret=known',
      'masterKey.existingSecret=known',
    ];
    const [three, four] = await Promise.all(
      VERSIONS.map((version) => render({ version, set: settled })),
    );
    expect(three).toEqual(four);
  });

  it.each(VERSIONS)('is rendered by Helm %i within a second', async (version) => {
    const durations: number[] = [];
    for (let round = 0; round < 3; round++) {
      durations.push((await helm(version, ['template', 'l45', CHART])).durationMs);
    }
    // The fastest one: the others tell how busy this machine is.
    expect(Math.min(...durations)).toBeLessThan(1_000);
  });

  it('runs every service, and what they need', async () => {
    expect(names(podsOwners(await render({})))).toEqual([
      'DaemonSet/l45-agent',
      ...control.map((service) => `Deployment/l45-${service}`).toSorted(),
      expect.stringMatching(/^Job\/l45-identities-[0-9a-f]{8}$/),
      expect.stringMatching(/^Job\/l45-migrate-[0-9a-f]{8}$/),
      'Pod/l45-test',
      'StatefulSet/l45-nats',
      'StatefulSet/l45-postgres',
    ]);
  });

  it('runs no agent, server or policy that is not wanted', async () => {
    const kinds = async (scenario: (typeof SCENARIOS)[number]) =>
      names(await render({ scenario })).join(' ');
    expect(await kinds('no-agents')).not.toMatch(/agent/);
    expect(await kinds('external')).not.toMatch(/StatefulSet|Secret|-nats|-postgres/);
    expect(await kinds('minimal')).not.toMatch(/NetworkPolicy/);
    expect(await kinds('production')).not.toMatch(/Secret|-postgres/);
  });

  it('gives each service that owns a schema the database, and no other', async () => {
    const pods = podsOf(await render({}));
    for (const service of control) {
      const source = await readFile(`apps/${service}/src/${service}.module.ts`, 'utf8');
      const pod = pods.find(({ owner }) => owner === `Deployment/l45-${service}`);
      const variables = pod?.spec.containers[0]?.env?.map(({ name }) => name);
      expect([service, variables?.includes('DATABASE_URL')]).toEqual([
        service,
        source.includes('CibModule.forRoot'),
      ]);
    }
  });

  it('keeps a service of several replicas running while nodes are drained', async () => {
    const budgets = async (scenario?: 'production') =>
      (await render({ scenario })).filter(({ kind }) => kind === 'PodDisruptionBudget').length;
    expect([await budgets(), await budgets('production')]).toEqual([0, control.length]);
  });

  it('tests a release by subjects that exist', async () => {
    const test = podsOf(await render({})).find(({ owner }) => owner === 'Pod/l45-test');
    expect(test?.spec.containers[0]?.args).toEqual([
      'dist/request/main.js',
      ...control.map((service) => `$SRV.PING.l45-${service}`).toSorted(),
      ENDPOINTS.deployer.status.subject,
    ]);
  });
});

const podsOwners = (manifests: Awaited<ReturnType<typeof render>>) => {
  const owners = new Set(podsOf(manifests).map(({ owner }) => owner));
  return manifests.filter(({ kind, metadata }) => owners.has(`${kind}/${metadata.name}`));
};
