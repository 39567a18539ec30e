// SPDX-License-Identifier: Apache-2.0
import { type Assignment, type InverseModule, L45Error } from '@l45/contracts';
import { assign, type Modules, moduleKey, preparedOf, progressOf } from './assign.js';

const DEPLOYMENT = '6f1c8a0e-0000-4000-8000-000000000001';
const assignment: Assignment = {
  deployment: DEPLOYMENT,
  name: 'tag-dns',
  customization: 'dns_tag',
  params: {},
  priority: 100,
  ends: [{ role: 'client', match: {} }],
};
const module: InverseModule = { customization: 'dns_tag', type: 'pcap', files: [] };
const tap = {
  name: 'tap',
  types: ['pcap'],
  sees: null,
  revision: 0,
  desired: { types: [], modules: [], assignments: [] },
};
const offering = (offered: InverseModule | Error): Modules =>
  new Map([[moduleKey('dns_tag', 'pcap'), offered]]);
const away = offering(new L45Error('UNAVAILABLE', 'nobody answers l45.builder.inverse'));

const prepared = (row: typeof tap | ReturnType<typeof assign>, modules: Modules) => {
  const observed = {
    middlebox: 'tap',
    agentVersion: '0.1.0',
    desiredRevision: row.revision,
    assignments: [DEPLOYMENT],
    problems: [],
    applications: [],
    at: new Date(0).toISOString(),
  };
  const reports = { report: () => observed, silentSince: () => undefined };
  return preparedOf(DEPLOYMENT, progressOf(row, modules, reports));
};

it('a middlebox keeps its module while the builder is away', () => {
  const assigned = assign(tap, [assignment], offering(module));
  expect(assigned.desired.modules).toEqual([module]);
  expect(assign(assigned, [assignment], away)).toBe(assigned);
  expect(prepared(assigned, away).ready).toBe(true);
});

it('a middlebox without the module waits for the builder', () => {
  const assigned = assign(tap, [assignment], away);
  expect(assigned.desired).toMatchObject({ modules: [], assignments: [assignment] });
  expect(prepared(assigned, away).waiting).toEqual([
    { middlebox: 'tap', reason: 'nobody answers l45.builder.inverse' },
  ]);
});
