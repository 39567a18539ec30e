// SPDX-License-Identifier: Apache-2.0
import type { TestService } from '@l45/bus/testing';
import { DataSource } from 'typeorm';
import { ControlPlane, eventually } from '../testing/control-plane.js';
import { Lead } from './lead.service.js';
import { Reconciler } from './reconciler.service.js';

jest.setTimeout(60_000);

let plane: ControlPlane;

beforeEach(async () => {
  plane = await ControlPlane.start();
  await plane.startDeployer();
  await plane.startAgent('client');
  await plane.startAgent('dns-server');
});
afterEach(() => plane.stop());

const leads = ({ app }: TestService): boolean => app.get(Lead).isOurs;

/** Counts the rounds of a replica from now on. */
const roundsOf = ({ app }: TestService): { count: number } => {
  const rounds = { count: 0 };
  app.get(Reconciler).onRound(() => rounds.count++);
  return rounds;
};

const oneLeads = () =>
  eventually(
    () => plane.deployers.filter(leads),
    (leaders) => expect(leaders).toHaveLength(1),
  );

it('leaves it to one replica to follow the fleet', async () => {
  await plane.deploy();
  const [leader] = await oneLeads();
  const standby = await plane.startDeployer();
  if (!leader) throw new Error('nobody leads');
  const [led, stood] = [roundsOf(leader), roundsOf(standby)];
  for (let i = 0; i < 5; i++) {
    const { count } = led;
    plane.agent('client').labels = { turn: String(i) };
    await plane.agent('client').report();
    await eventually(
      () => led.count,
      (now) => expect(now).toBeGreaterThan(count),
    );
  }
  // Each looks for itself from time to time.
  expect(stood.count).toBeLessThanOrEqual(1);
});

it('answers who waits at a replica that does not lead', async () => {
  const [leader] = await oneLeads();
  await plane.startDeployer();
  for (let i = 0; i < 4; i++) {
    expect(await plane.deploy()).toMatchObject({ state: 'deployed' });
    expect(await plane.revoke()).toMatchObject({ state: 'revoked' });
  }
  expect(await oneLeads()).toEqual([leader]);
});

it('passes to another replica when the one that leads stops', async () => {
  const [leader] = await oneLeads();
  const standby = await plane.startDeployer();
  if (leader) await plane.stopDeployer(leader);
  await eventually(
    () => leads(standby),
    (isLeading) => expect(isLeading).toBe(true),
  );
  expect(await plane.deploy()).toMatchObject({ state: 'deployed' });
});

it('passes to another replica when the one that leads is gone without a word', async () => {
  const [first] = plane.deployers;
  if (!first) throw new Error('no deployer');
  await oneLeads();
  const database = first.app.get(DataSource);
  await database.query(
    `UPDATE deployer.lead SET replica = gen_random_uuid(), until = clock_timestamp() + interval '2 s'`,
  );
  await eventually(
    () => leads(first),
    (isLeading) => expect(isLeading).toBe(false),
  );
  // Requests are answered meanwhile.
  expect(await plane.deploy()).toMatchObject({ state: 'deployed' });
  await oneLeads();
});
