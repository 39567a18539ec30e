// SPDX-License-Identifier: Apache-2.0
import { viewOf } from '../deployments/view.js';
import { NOW, Rounds } from '../testing/rounds.js';
import { deploymentRow, hostRow } from '../testing/rows.js';
import { Builds } from './builds.js';
import type { Outcome } from './round.js';
import { firstWave } from './waves.js';

const NAMES = ['client-1', 'client-2', 'client-3', 'dns-server'];
const HOLD = 10;
const TIMEOUT = 60;

/** A rollout of two hosts at a time. */
class Rollout extends Rounds {
  constructor() {
    const { specification } = deploymentRow();
    const waved = {
      ...specification,
      ends: {
        client: { hosts: NAMES.slice(0, 3), match: {} },
        server: { hosts: NAMES.slice(3), match: {} },
      },
      waves: { size: 2, hold: HOLD, timeout: TIMEOUT, errors: 3 },
    };
    super(deploymentRow({ specification: waved, rollout: firstWave(waved, NOW) }));
    this.hosts = NAMES.map((name) => hostRow(name));
    this.run();
  }

  /** What each host was told to do. */
  get told(): string[] {
    return NAMES.map((name) => {
      const desired = this.hosts.find((host) => host.name === name)?.desired;
      return desired?.instances[0]?.directions.join('+') ?? 'nothing';
    });
  }

  /** Those that are told something do it. */
  confirm(): Outcome {
    return this.run(...NAMES.map((name) => this.applied(name)));
  }

  pass(seconds: number): Outcome {
    this.now = new Date(this.now.getTime() + seconds * 1_000);
    return this.run();
  }

  get view() {
    const [row] = this.live;
    if (!row) throw new Error('it is revoked');
    return viewOf(row, {
      hosts: new Map(),
      builds: new Builds([]),
      silentSince: () => undefined,
      unreadBy: () => undefined,
    });
  }
}

it('goes on once the hosts of a wave have been healthy for a while; nobody speaks before all understand', () => {
  const rollout = new Rollout();
  const steps: string[][] = [rollout.told];
  for (let wave = 0; wave < 3; wave++) {
    const { wakeAt } = rollout.confirm();
    expect(wakeAt).toEqual(new Date(rollout.now.getTime() + HOLD * 1_000));
    rollout.pass(HOLD - 1);
    expect(rollout.told).toEqual(steps.at(-1));
    rollout.pass(1);
    steps.push(rollout.told);
  }
  expect(steps).toEqual([
    ['ingress', 'ingress', 'nothing', 'nothing'],
    ['ingress', 'ingress', 'ingress', 'ingress'],
    ['ingress+egress', 'ingress+egress', 'ingress', 'ingress'],
    ['ingress+egress', 'ingress+egress', 'ingress+egress', 'ingress+egress'],
  ]);
  rollout.confirm();
  expect(rollout.view.rollout).toEqual({ step: 'egress', reached: 4, total: 4 });
  rollout.pass(HOLD);
  expect(rollout.phase).toBe('deployed');
  expect(rollout.view.rollout).toBeUndefined();
});

it('says which hosts wait for their wave', () => {
  const rollout = new Rollout();
  expect(rollout.reasons()).toEqual([
    'has not confirmed ingress yet',
    'has not confirmed ingress yet',
    'waits for its wave',
    'waits for its wave',
  ]);
  expect(rollout.view.rollout).toEqual({ step: 'ingress', reached: 2, total: 4 });
});

describe('is taken back, and says who failed,', () => {
  const speaking = (): Rollout => {
    const rollout = new Rollout();
    for (let wave = 0; wave < 2; wave++) {
      rollout.confirm();
      rollout.pass(HOLD);
    }
    rollout.confirm();
    return rollout;
  };
  const takenBack = (rollout: Rollout, { revisions }: Outcome, problem: string) => {
    expect(rollout.view).toMatchObject({ state: 'revoking', revision: 2, rollout: { problem } });
    expect(revisions).toMatchObject([
      { revision: 2, change: 'revoke', author: 'deployer', reason: problem },
    ]);
  };

  it('when a host refuses messages', () => {
    const rollout = speaking();
    const erring = (errors: string) => {
      const report = rollout.applied('client-2');
      return rollout.run({
        ...report,
        observed: report.observed.map((one) => ({ ...one, errors })),
      });
    };
    erring('3');
    expect(rollout.phase).toBe('egress');
    takenBack(
      rollout,
      erring('4'),
      'client-2 has refused 4 messages with an error, and 3 are allowed',
    );
    expect(rollout.told).toEqual(['ingress', 'ingress', 'ingress', 'ingress']);
    rollout.confirm();
    expect(rollout.told).toEqual(['nothing', 'nothing', 'nothing', 'nothing']);
    rollout.confirm();
    expect(rollout.live).toEqual([]);
  });

  it('when a host is silent', () => {
    const rollout = speaking();
    rollout.silent.add('client-1');
    takenBack(rollout, rollout.run(), `client-1 is offline since ${NOW.toISOString()}`);
    expect(rollout.phase).toBe('quiesce');
  });

  it('when a host does not confirm in time', () => {
    const rollout = new Rollout();
    rollout.run(rollout.applied('client-1'));
    rollout.pass(TIMEOUT - 1);
    expect(rollout.phase).toBe('ingress');
    takenBack(
      rollout,
      rollout.pass(1),
      'not confirmed in time: client-2 has not confirmed ingress yet',
    );
    expect(rollout.told).toEqual(['nothing', 'nothing', 'nothing', 'nothing']);
  });

  it('but not while nobody is heard, nor for the time that took', () => {
    const rollout = new Rollout();
    rollout.heardSince = undefined;
    const { wakeAt } = rollout.pass(TIMEOUT);
    expect([rollout.phase, wakeAt]).toEqual(['ingress', undefined]);
    rollout.heardSince = rollout.now;
    const end = new Date(rollout.now.getTime() + TIMEOUT * 1_000);
    expect(rollout.run().wakeAt).toEqual(end);
    rollout.pass(TIMEOUT - 1);
    expect(rollout.phase).toBe('ingress');
    rollout.pass(1);
    expect(rollout.view.state).toBe('revoking');
  });

  it('but not for a host that its wave has not come to', () => {
    const rollout = new Rollout();
    rollout.silent.add('dns-server');
    rollout.run(rollout.applied('client-1'), rollout.applied('client-2'));
    expect(rollout.phase).toBe('ingress');
    expect(rollout.view.state).toBe('deploying');
  });
});

it('does not go on for having heard of no illness while nobody was heard', () => {
  const rollout = new Rollout();
  rollout.confirm();
  rollout.heardSince = undefined;
  rollout.pass(HOLD);
  rollout.heardSince = rollout.now;
  rollout.pass(HOLD - 1);
  expect(rollout.told).toEqual(['ingress', 'ingress', 'nothing', 'nothing']);
  rollout.pass(1);
  expect(rollout.told).toEqual(['ingress', 'ingress', 'ingress', 'ingress']);
});

it('a host that loses what it had begins again', () => {
  const rollout = new Rollout();
  rollout.confirm();
  rollout.run({ ...rollout.applied('client-1'), observed: [] });
  rollout.pass(HOLD);
  expect(rollout.told).toEqual(['ingress', 'ingress', 'nothing', 'nothing']);
  rollout.confirm();
  rollout.pass(HOLD);
  expect(rollout.told).toEqual(['ingress', 'ingress', 'ingress', 'ingress']);
});

it('waits for middleboxes to understand before anybody speaks, without looking all the time', () => {
  const rollout = new Rollout();
  rollout.unread = 'tap-1: wireshark: tshark is not installed';
  rollout.confirm();
  rollout.pass(HOLD);
  rollout.confirm();
  const { wakeAt } = rollout.pass(HOLD);
  expect([rollout.phase, wakeAt]).toEqual(['ingress', undefined]);
  rollout.unread = undefined;
  rollout.run();
  expect(rollout.told).toEqual(['ingress+egress', 'ingress+egress', 'ingress', 'ingress']);
});
