// SPDX-License-Identifier: Apache-2.0
import type { SchemaOptions } from '@l45/cib';
import { AllowedRow } from './allowed.entity.js';
import { MiddleboxRow } from './middlebox.entity.js';
import { Initial1763900000000 } from './migrations/1763900000000-initial.js';

export const MIDDLEBOX_SCHEMA: SchemaOptions = {
  schema: 'middlebox',
  entities: [AllowedRow, MiddleboxRow],
  migrations: [Initial1763900000000],
};
