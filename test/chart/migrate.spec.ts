// SPDX-License-Identifier: Apache-2.0
import { type Manifest, podsOf, type Rendering, render, SCENARIOS } from './helm.js';

const ofMigration = async (rendering: Rendering): Promise<Manifest[]> =>
  (await render(rendering)).filter(({ metadata }) => metadata.name.startsWith('l45-migrate'));

describe('migrations', () => {
  it('are the work of a job, and of nobody else', async () => {
    for (const scenario of SCENARIOS) {
      for (const { owner, spec } of podsOf(await render({ scenario }))) {
        const [{ args, env = [] } = { args: [] }] = spec.containers;
        if (!env.some(({ name }) => name === 'DATABASE_URL')) continue;
        const waits = env.some(({ name, value }) => name === 'L45_MIGRATE' && value === 'false');
        const migrates = args?.join() === 'dist/migrate/main.js';
        const isJob = owner.startsWith('Job/l45-migrate');
        expect([owner, waits, migrates]).toEqual([owner, !isJob, isJob]);
      }
    }
  });

  it('come before the release where the database is there, with all that they take', async () => {
    const manifests = await ofMigration({ scenario: 'production' });
    const kinds = ['ServiceAccount', 'NetworkPolicy', 'Job'];
    expect(manifests.map(({ kind }) => kind).toSorted()).toEqual(kinds.toSorted());
    for (const { kind, metadata } of manifests) {
      expect(metadata).toMatchObject({
        name: 'l45-migrate',
        annotations: {
          'helm.sh/hook': 'pre-install,pre-upgrade',
          'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
        },
      });
      const weight = Number(metadata.annotations?.['helm.sh/hook-weight'] ?? 0);
      expect([kind, weight]).toEqual([kind, kind === 'Job' ? 0 : -1]);
    }
    const [job] = podsOf(manifests);
    expect(job?.spec).toHaveProperty('serviceAccountName', 'l45-migrate');
  });

  it("need no priority class that isn't there yet", async () => {
    const classOf = async (rendering: Rendering) =>
      podsOf(await ofMigration(rendering))[0]?.spec['priorityClassName'];
    const set = ['priorityClass.name=high'];
    expect(await classOf({})).toBe('net-l45');
    expect(await classOf({ scenario: 'production' })).toBeUndefined();
    expect(await classOf({ scenario: 'production', set })).toBe('high');
  });

  it('are part of the release where the database is, in a job of their own for each image', async () => {
    const job = async (set: string[] = []) => {
      const manifests = await ofMigration({ set });
      expect(manifests.filter(({ metadata }) => metadata.annotations)).toEqual([]);
      return podsOf(manifests)[0]?.owner;
    };
    expect(await job()).toBe(await job(['metrics.interval=1m']));
    expect(await job()).not.toBe(await job(['image.tag=next']));
  });

  it('reach the database through the network policies', async () => {
    const policy = async (name: string, rendering: Rendering = {}) => {
      const policies = (await render(rendering)).filter(({ kind }) => kind === 'NetworkPolicy');
      return JSON.stringify(policies.find(({ metadata }) => metadata.name === name)?.['spec']);
    };
    expect(await policy('l45-migrate')).toContain('"app.kubernetes.io/component":"postgres"');
    expect(await policy('l45-postgres')).toContain('"migrate"');
    const scenario = 'production';
    expect(await policy('l45-migrate', { scenario })).toContain('"cidr":"10.20.0.5/32"');
  });
});
