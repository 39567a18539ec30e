// SPDX-License-Identifier: Apache-2.0
import { buildRow, deploymentRow, hostRow, TARGET } from '../testing/rows.js';
import { Builds } from './builds.js';
import type { Phase } from './phase.js';
import { instanceId, placementsOf } from './placement.js';
import { carry, desiredOf, stateFor } from './project.js';

const builds = new Builds([buildRow()]);
const on = (host: string, ...rows: Parameters<typeof placementsOf>[0][]) =>
  rows.flatMap(placementsOf).filter((placement) => placement.host === host);
const digests = (host = hostRow('client'), built = builds) =>
  desiredOf(host, on('client', deploymentRow()), built).artifacts.map(({ digest }) => digest);

describe('instanceId', () => {
  it('is the same for the same place, another for any other', () => {
    const { id } = deploymentRow();
    expect(instanceId(id, 'client', 'client')).toBe(instanceId(id, 'client', 'client'));
    expect(instanceId(id, 'client', 'client')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(instanceId(id, 'client', 'server')).not.toBe(instanceId(id, 'client', 'client'));
  });
});

describe('desiredOf', () => {
  it.each<[Phase, string[] | undefined]>([
    ['ingress', ['ingress']],
    ['egress', ['ingress', 'egress']],
    ['deployed', ['ingress', 'egress']],
    ['quiesce', ['ingress']],
    ['removal', undefined],
    ['revoked', undefined],
  ])('in phase %s wants %j', (phase, directions) => {
    const placements = on('client', deploymentRow({ phase }));
    const { instances, artifacts } = desiredOf(hostRow('client'), placements, builds);
    expect(instances[0]?.directions).toEqual(directions);
    expect(artifacts).toHaveLength(directions ? 2 : 0);
  });

  it('loads the core first, and each module once', () => {
    const other = deploymentRow({ id: '6f1c8a0e-0000-4000-8000-000000000002', name: 'other' });
    const placements = on('client', deploymentRow(), other);
    const { instances, artifacts } = desiredOf(hostRow('client'), placements, builds);
    expect(artifacts.map(({ name }) => name)).toEqual(['l45', 'dns_tag']);
    expect(instances).toHaveLength(2);
  });

  it('leaves out what there is no build of for the kernel', () => {
    const host = hostRow('client', { target: { ...TARGET, kernelRelease: '6.2' } });
    expect(desiredOf(host, on('client', deploymentRow()), builds)).toEqual({
      artifacts: [],
      instances: [],
    });
  });

  it('keeps modules in use when there is a newer build, but not for another kernel', () => {
    const desired = { artifacts: buildRow().artifacts ?? [], instances: [] };
    const newer = new Builds([
      buildRow({
        artifacts: desired.artifacts.map((artifact) => ({ ...artifact, digest: 'new' })),
      }),
    ]);
    const inUse = hostRow('client', { desired, desiredTarget: TARGET });
    expect(digests(inUse, newer)).toEqual(['l45-1', 'dns_tag-1']);
    const rebooted = { ...inUse, desiredTarget: { ...TARGET, kernelRelease: '6.2' } };
    expect(digests(rebooted, newer)).toEqual(['new', 'new']);
  });
});

describe('carry', () => {
  const placements = on('client', deploymentRow());
  const [placement] = placements;
  const id = placement?.id ?? '';
  const desired = desiredOf(hostRow('client'), placements, builds);

  it('grows the revision with a change, and remembers which one each instance came with', () => {
    const carried = carry(hostRow('client', { revision: 4 }), desired, 'trace');
    expect(carried).toMatchObject({
      revision: 5,
      desired,
      since: { [id]: 5 },
      desiredTarget: TARGET,
    });
    expect(carried && stateFor(carried)).toEqual({
      host: 'client',
      revision: 5,
      ...desired,
      traceparent: 'trace',
    });
  });

  it('changes nothing when nothing changed, whoever asks', () => {
    expect(
      carry(hostRow('client', { revision: 4, desired }), desired, 'other trace'),
    ).toBeUndefined();
    expect(carry(hostRow('client'), { artifacts: [], instances: [] }, null)).toBeUndefined();
  });

  it('leaves the revision of an instance that another one is added beside', () => {
    const host = hostRow('client', { revision: 1, applied: 1, desired, since: { [id]: 1 } });
    const other = deploymentRow({ id: '6f1c8a0e-0000-4000-8000-000000000002' });
    const both = desiredOf(host, on('client', deploymentRow(), other), builds);
    expect(carry(host, both, null)?.since[id]).toBe(1);
  });

  it('remembers a removal until it is applied', () => {
    const host = hostRow('client', { revision: 1, applied: 1, desired, since: { [id]: 1 } });
    const removed = carry(host, { artifacts: [], instances: [] }, null);
    expect(removed?.since).toEqual({ [id]: 2 });
    const applied =
      removed && carry({ ...removed, applied: 2 }, { ...desired, instances: [] }, null);
    expect(applied?.since).toEqual({});
  });

  it('goes beyond what the agent or the bucket have seen of a database that was lost', () => {
    expect(carry(hostRow('client', { applied: 9 }), desired, null)?.revision).toBe(10);
    expect(carry(hostRow('client'), desired, null, 12)?.revision).toBe(13);
  });
});
