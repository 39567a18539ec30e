// SPDX-License-Identifier: Apache-2.0
import type { Buckets, StateBucket } from '@l45/bus';
import { OFFLINE_AFTER_MS, type ObservedState } from '@l45/contracts';
import { once } from 'node:events';
import type { MiddleboxesRepository } from '../storage/middleboxes.repository.js';
import { Fleet } from './fleet.service.js';

const HOSTS = ['client', 'dns-server'];
const LAST = new Date('2026-01-02T00:00:00Z');

const report = (host: string): ObservedState => ({
  host,
  target: { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' },
  bootId: 'boot',
  agentVersion: '0.1.0',
  desiredRevision: 0,
  customizations: [],
  instances: [],
  problems: [],
  at: LAST.toISOString(),
});

let interrupt: () => void;

/** A bucket of what all hosts said at once, and nothing since. */
const silentBucket = {
  async *watch(_: string, signal: AbortSignal, interrupted: () => void) {
    interrupt = interrupted;
    for (const key of HOSTS) yield { kind: 'put', key, value: report(key), revision: 1, at: LAST };
    yield { kind: 'current' };
    await once(signal, 'abort');
  },
} as unknown as StateBucket<never>;

const emptyBucket = {
  async *watch(_: string, signal: AbortSignal) {
    yield { kind: 'current' };
    await once(signal, 'abort');
  },
} as unknown as StateBucket<never>;

beforeEach(() => {
  jest.useFakeTimers({ now: LAST.getTime() + 10 * OFFLINE_AFTER_MS });
});
afterEach(() => jest.useRealTimers());

it('takes nobody for silent until it has heard nothing of them for long enough itself', async () => {
  const buckets = {
    observed: silentBucket,
    desired: emptyBucket,
    middleboxDesired: emptyBucket,
    prepared: emptyBucket,
  } as unknown as Buckets;
  const repository = { change: async () => [] } as unknown as MiddleboxesRepository;
  const fleet = new Fleet(buckets, repository);
  const silent = () => HOSTS.filter((host) => fleet.silentSince(host) ?? fleet.isSilent(host));

  fleet.follow(() => undefined);
  await jest.advanceTimersByTimeAsync(OFFLINE_AFTER_MS);
  expect([fleet.known, silent()]).toEqual([true, []]);
  await jest.advanceTimersByTimeAsync(1);
  expect(silent()).toEqual(HOSTS);
  interrupt();
  await jest.advanceTimersByTimeAsync(10 * OFFLINE_AFTER_MS);
  expect(silent()).toEqual([]);
  await fleet.stop();
});
