// SPDX-License-Identifier: Apache-2.0
import { Rounds } from '../testing/rounds.js';
import { deploymentRow } from '../testing/rows.js';
import type { RotationRow } from '../storage/rotation.entity.js';

const FROM = '6f1c8a0e-0000-4000-8000-000000000001';
const TO = '6f1c8a0e-0000-4000-8000-000000000002';
const SECOND = 1_000;

class Rotating extends Rounds {
  constructor() {
    super(
      deploymentRow({ id: FROM, phase: 'deployed' }),
      deploymentRow({ id: TO, name: 'next', priorities: { client: 101, server: 101 } }),
    );
    this.rotations = [rotation(this.now)];
  }

  /** Every host applies what it was told, and says so. */
  settle() {
    this.run();
    return this.run(this.applied('client'), this.applied('dns-server'));
  }

  later(ms: number) {
    this.now = new Date(this.now.getTime() + ms);
  }

  /** Priority and directions of both deployments' instances on a host, the old one first. */
  told(name: string) {
    const { instances } = this.hosts.find((host) => host.name === name)?.desired ?? {
      instances: [],
    };
    return [FROM, TO].map((id) => {
      const found = instances.find(({ deployment }) => deployment === id);
      return found && `${found.priority} ${found.directions.join('+')}`;
    });
  }

  get step() {
    return this.rotations[0]?.step;
  }
}

const rotation = (now: Date): RotationRow => ({
  id: '6f1c8a0e-0000-4000-8000-000000000003',
  from: FROM,
  to: TO,
  step: 'attach',
  deadline: new Date(now.getTime() + 30 * SECOND),
  drainSeconds: 2,
  behind: 101,
  received: null,
  quietSince: null,
  switchedAt: null,
  problem: null,
  author: 'alice',
  reason: null,
  createdAt: now,
  updatedAt: now,
});

const BOTH = 'ingress+egress';

/** Until the new one is attached behind the old one, understood, and able to speak. */
function attached(): Rotating {
  const rounds = new Rotating();
  rounds.settle();
  expect(rounds.told('client')).toEqual([`100 ${BOTH}`, `101 ${BOTH}`]);
  rounds.settle();
  expect(rounds.step).toBe('receivers');
  return rounds;
}

describe('a rotation', () => {
  it('lets the new one speak only behind the old one, until every host can understand it', () => {
    const rounds = new Rotating();
    rounds.run();
    expect(rounds.told('client')).toEqual([`100 ${BOTH}`, '101 ingress']);
    rounds.run(rounds.applied('client'));
    expect(rounds.told('client')).toEqual([`100 ${BOTH}`, '101 ingress']);
  });

  it('changes their order where receivers are, then where senders are, each confirmed', () => {
    const rounds = attached();
    expect(rounds.told('client')).toEqual([`100 ${BOTH}`, `101 ${BOTH}`]);
    expect(rounds.told('dns-server')).toEqual([`101 ${BOTH}`, `100 ${BOTH}`]);
    rounds.run(rounds.applied('client'));
    expect(rounds.told('client')).toEqual([`100 ${BOTH}`, `101 ${BOTH}`]);
    rounds.settle();
    expect(rounds.step).toBe('senders');
    expect(rounds.told('client')).toEqual([`101 ${BOTH}`, `100 ${BOTH}`]);
  });

  it('lets the old one understand until nothing came for it for a while', () => {
    const rounds = attached();
    rounds.settle();
    rounds.settle();
    expect(rounds.step).toBe('drain');
    expect(rounds.told('client')).toEqual(['101 ingress', `100 ${BOTH}`]);
    rounds.settle();
    rounds.later(1.5 * SECOND);
    const late = rounds.applied('client');
    const observed = late.observed.map((one) => ({ ...one, received: '7' }));
    rounds.run({ ...late, observed });
    rounds.later(SECOND);
    expect(rounds.run().wakeAt).toEqual(new Date(rounds.now.getTime() + SECOND));
    expect(rounds.step).toBe('drain');
    rounds.later(SECOND);
    rounds.run();
    expect(rounds.step).toBe('removal');
    const { revisions } = rounds.settle();
    expect(revisions).toEqual([]);
    expect(rounds.step).toBe('done');
    expect(rounds.live).toMatchObject([{ id: TO, phase: 'deployed', priorities: null }]);
    expect(rounds.told('client')).toEqual([undefined, `100 ${BOTH}`]);
  });

  it.each([
    ['attach', 0],
    ['receivers', 1],
    ['senders', 2],
  ])('is undone when hosts do not confirm in time in step %s', (step, settled) => {
    const rounds = new Rotating();
    if (settled) rounds.settle();
    for (let i = 0; i < settled; i++) rounds.settle();
    expect(rounds.step).toBe(step);
    rounds.silent.add('dns-server');
    rounds.later(31 * SECOND);
    const { revisions } = rounds.run();
    expect(rounds.rotations[0]).toMatchObject({
      step: 'aborting',
      problem: expect.stringMatching(/^not confirmed in time: (client|dns-server) /),
    });
    expect(revisions).toMatchObject([{ name: 'next', change: 'rotate', author: 'alice' }]);
    expect(rounds.told('client')[0]).toBe(`100 ${BOTH}`);
    rounds.silent.clear();
    rounds.settle();
    rounds.settle();
    expect(rounds.step).toBe('aborted');
    expect(rounds.live).toMatchObject([{ id: FROM, phase: 'deployed', priorities: null }]);
    expect(rounds.told('dns-server')).toEqual([`100 ${BOTH}`, undefined]);
  });

  it('is undone when the new one is revoked, and done at once when the old one is', () => {
    const undone = attached();
    undone.live = undone.live.map((row) => (row.id === TO ? { ...row, phase: 'quiesce' } : row));
    undone.run();
    expect(undone.step).toBe('aborting');
    const done = attached();
    done.live = done.live.map((row) => (row.id === FROM ? { ...row, phase: 'quiesce' } : row));
    done.run();
    expect(done.step).toBe('drain');
    expect(done.told('client')[1]).toBe(`100 ${BOTH}`);
  });
});
