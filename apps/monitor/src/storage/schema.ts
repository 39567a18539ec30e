// SPDX-License-Identifier: Apache-2.0
import type { SchemaOptions } from '@l45/cib';
import { DriftRow } from './drift.entity.js';
import { HostRow } from './host.entity.js';
import { Initial1763800000000 } from './migrations/1763800000000-initial.js';
import { History1764100000000 } from './migrations/1764100000000-history.js';

export const MONITOR_SCHEMA: SchemaOptions = {
  schema: 'monitor',
  entities: [DriftRow, HostRow],
  migrations: [Initial1763800000000, History1764100000000],
};
