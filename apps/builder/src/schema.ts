// SPDX-License-Identifier: Apache-2.0
import type { SchemaOptions } from '@l45/cib';
import { BuiltModule } from './building/built-module.entity.js';
import { AddedCustomization } from './catalogue/added-customization.entity.js';
import { Initial1763800000000 } from './migrations/1763800000000-initial.js';

export const BUILDER_SCHEMA: SchemaOptions = {
  schema: 'builder',
  entities: [AddedCustomization, BuiltModule],
  migrations: [Initial1763800000000],
};
