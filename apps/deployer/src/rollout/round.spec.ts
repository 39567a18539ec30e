// SPDX-License-Identifier: Apache-2.0
import { NOW, Rounds } from '../testing/rounds.js';
import { buildRow, deploymentRow, hostRow, TARGET } from '../testing/rows.js';
import { Builds } from './builds.js';
import { missingBuilds } from './round.js';

const builds = new Builds([buildRow()]);

describe('a rollout', () => {
  it('waits in each phase for the last host', () => {
    const rounds = new Rounds(deploymentRow());
    rounds.run();
    rounds.run(rounds.applied('client'));
    expect(rounds.phase).toBe('ingress');
    expect(rounds.reasons()).toEqual([
      'has ingress; egress follows once every host has ingress',
      'has not confirmed ingress yet',
    ]);
    rounds.run(rounds.applied('dns-server'));
    expect(rounds.phase).toBe('egress');
    expect(rounds.reasons()).toEqual(Array(2).fill('has not confirmed egress yet'));
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    expect(rounds.phase).toBe('deployed');
    expect(rounds.reasons()).toEqual([undefined, undefined]);
  });

  it('lets nobody speak before every middlebox can read it, and says which cannot', () => {
    const rounds = new Rounds(deploymentRow());
    rounds.unread = 'tap-1: wireshark: tshark is not installed';
    rounds.run();
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    expect(rounds.phase).toBe('ingress');
    expect(rounds.reasons()).toEqual(
      Array(2).fill(
        'has ingress; egress follows once middleboxes can read it: tap-1: wireshark: tshark is not installed',
      ),
    );
    rounds.unread = undefined;
    rounds.run();
    expect(rounds.phase).toBe('egress');
  });

  it('changes nothing when nothing is new', () => {
    const rounds = new Rounds(deploymentRow());
    rounds.run();
    const { changedDeployments, changedHosts } = rounds.run();
    expect([...changedDeployments, ...changedHosts]).toEqual([]);
  });

  it('does not count a report that looks right but precedes the revision that asked', () => {
    const rounds = new Rounds(deploymentRow());
    rounds.run();
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    const active = [rounds.applied('client'), rounds.applied('dns-server')];
    for (const mode of ['inactive', 'active'] as const) {
      rounds.live = rounds.live.map((row) => ({ ...row, mode, phase: 'egress' }));
      rounds.run(...active);
      expect(rounds.phase).toBe('egress');
    }
    expect(rounds.reasons()).toEqual(Array(2).fill('has not confirmed revision 4 yet'));
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    expect(rounds.phase).toBe('deployed');
  });

  it('is no longer done when a host loses what it had, and needs no new revision to mend', () => {
    const rounds = new Rounds(deploymentRow());
    for (let i = 0; i < 3; i++) rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    const before = rounds.applied('client');
    const { changedHosts } = rounds.run({ ...before, applied: 0, observed: [] });
    expect([...changedHosts]).toEqual(['client']);
    expect(rounds.phase).toBe('egress');
    expect(rounds.reasons()).toEqual(['has not confirmed ingress and egress yet', undefined]);
    rounds.run(before);
    expect(rounds.phase).toBe('deployed');
    expect(rounds.applied('client')).toEqual(before);
  });

  it('says since when a host is offline, and what the kernel refused', () => {
    const rounds = new Rounds(deploymentRow());
    rounds.run();
    const { id = '' } = rounds.applied('client').observed[0] ?? {};
    const problems = [{ subject: id, name: 'KERNEL', message: 'EEXIST: the id is in use' }];
    rounds.run({ ...rounds.applied('client'), observed: [], problems });
    expect(rounds.reasons((host) => (host === 'client' ? undefined : NOW))).toEqual([
      'kernel refused: EEXIST: the id is in use',
      'offline since 2026-01-02T00:00:00.000Z',
    ]);
  });
});

describe('a revocation', () => {
  it('lets egress end everywhere before anything goes', () => {
    const rounds = new Rounds(deploymentRow());
    for (let i = 0; i < 3; i++) rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    rounds.live = rounds.live.map((row) => ({ ...row, phase: 'quiesce' }));
    rounds.run();
    rounds.run(rounds.applied('client'));
    expect(rounds.phase).toBe('quiesce');
    expect(rounds.reasons()).toEqual([
      'has ended egress; ingress ends once egress has on every host',
      'has not confirmed the end of egress yet',
    ]);
    rounds.run(rounds.applied('dns-server'));
    expect(rounds.phase).toBe('removal');
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    expect(rounds.live).toEqual([]);
  });

  it('does not take the time before an instance came for the time after it went', () => {
    const rounds = new Rounds(deploymentRow());
    rounds.run();
    const before = { ...rounds.applied('client'), applied: 0, observed: [] };
    rounds.live = rounds.live.map((row) => ({ ...row, phase: 'removal' }));
    rounds.run(before, { ...before, name: 'dns-server' });
    expect(rounds.phase).toBe('removal');
    rounds.run(rounds.applied('client'), rounds.applied('dns-server'));
    expect(rounds.live).toEqual([]);
  });
});

describe('a deprecated deployment', () => {
  it('revokes itself once its last socket is closed', () => {
    const rounds = new Rounds(deploymentRow({ phase: 'egress', deprecated: true }));
    rounds.run();
    const client = rounds.applied('client');
    const held = {
      ...client,
      observed: client.observed.map((one) => ({ ...one, held: true as const })),
    };
    rounds.run(held, rounds.applied('dns-server'));
    expect(rounds.phase).toBe('deployed');
    rounds.run(client);
    expect(rounds.phase).toBe('quiesce');
  });

  it('does not wait for what no host brings back', () => {
    const rounds = new Rounds(deploymentRow({ phase: 'egress', deprecated: true }));
    rounds.run();
    rounds.run({ ...rounds.applied('client'), observed: [] }, rounds.applied('dns-server'));
    expect(rounds.phase).toBe('quiesce');
  });
});

it('a forced revocation does not wait for silent hosts, and leaves them nothing', () => {
  const rounds = new Rounds(deploymentRow({ phase: 'quiesce', forced: true }));
  rounds.run();
  rounds.run(rounds.applied('client'));
  expect(rounds.phase).toBe('quiesce');
  rounds.silent.add('dns-server');
  rounds.run();
  rounds.run(rounds.applied('client'));
  expect(rounds.live).toEqual([]);
  expect(rounds.hosts.map(({ desired }) => desired.instances)).toEqual([[], []]);
});

it('missingBuilds names what hosts wait for, once, however its fields are ordered', () => {
  const target = { ...TARGET, kernelRelease: '6.2' };
  const reordered = { arch: target.arch, kernelRelease: target.kernelRelease };
  const hosts = new Map([
    ['client', hostRow('client', { target })],
    ['dns-server', hostRow('dns-server', { target: reordered })],
  ]);
  const deployments = new Map([
    ['one', deploymentRow()],
    ['other', deploymentRow({ phase: 'removal' })],
  ]);
  expect(missingBuilds({ deployments, hosts, builds })).toEqual([
    { customization: 'dns_tag', target },
  ]);
});
