// SPDX-License-Identifier: Apache-2.0
import type { EventPublisher } from '@l45/bus';
import { OFFLINE_AFTER_MS } from '@l45/contracts';
import type { Fleet } from './fleet.service.js';
import { Liveness } from './liveness.service.js';
import type { HostsRepository } from './storage/hosts.repository.js';

it.each([
  ['is not connected', undefined, false],
  ['has just come back', 0, false],
  ['has listened for long enough', OFFLINE_AFTER_MS, true],
])('a monitor that %s: whether silence means something', async (_, ago, expected) => {
  const since = ago === undefined ? undefined : new Date(Date.now() - ago);
  const fleet = { observed: { since } } as Fleet;
  const settled = new Promise((resolve) => {
    const settle = async (_before: Date, isSilenceMeant: boolean) => resolve(isSilenceMeant);
    const repository = { settle } as unknown as HostsRepository;
    new Liveness(fleet, repository, {} as EventPublisher).check();
  });
  expect(await settled).toBe(expected);
});
