// SPDX-License-Identifier: Apache-2.0
import type { SchemaOptions } from '@l45/cib';
import { BuildRow } from './build.entity.js';
import { DeploymentRow } from './deployment.entity.js';
import { HostRow } from './host.entity.js';
import { MiddleboxRow } from './middlebox.entity.js';
import { Initial1763800000000 } from './migrations/1763800000000-initial.js';
import { Revisions1763900000000 } from './migrations/1763900000000-revisions.js';
import { Rotations1763910000000 } from './migrations/1763910000000-rotations.js';
import { Labels1763920000000 } from './migrations/1763920000000-labels.js';
import { Schedules1763930000000 } from './migrations/1763930000000-schedules.js';
import { Middleboxes1763940000000 } from './migrations/1763940000000-middleboxes.js';
import { Waves1764110000000 } from './migrations/1764110000000-waves.js';
import { Lead1764200000000 } from './migrations/1764200000000-lead.js';
import { OutboxRow } from './outbox.entity.js';
import { RevisionRow } from './revision.entity.js';
import { RotationRow } from './rotation.entity.js';
import { ScheduleRow } from './schedule.entity.js';

export const DEPLOYER_SCHEMA: SchemaOptions = {
  schema: 'deployer',
  entities: [
    BuildRow,
    DeploymentRow,
    HostRow,
    MiddleboxRow,
    OutboxRow,
    RevisionRow,
    RotationRow,
    ScheduleRow,
  ],
  migrations: [
    Initial1763800000000,
    Revisions1763900000000,
    Rotations1763910000000,
    Labels1763920000000,
    Schedules1763930000000,
    Middleboxes1763940000000,
    Waves1764110000000,
    Lead1764200000000,
  ],
};
