// SPDX-License-Identifier: Apache-2.0
import type { SchemaOptions } from '@l45/cib';
import { BUILDER_SCHEMA } from '../../builder/src/schema.js';
import { DEPLOYER_SCHEMA } from '../../deployer/src/storage/schema.js';
import { MIDDLEBOX_SCHEMA } from '../../middlebox/src/storage/schema.js';
import { MONITOR_SCHEMA } from '../../monitor/src/storage/schema.js';
import { SECURITY_SCHEMA } from '../../security/src/storage/schema.js';

/** Of every service that owns one. */
export const SCHEMAS: SchemaOptions[] = [
  BUILDER_SCHEMA,
  DEPLOYER_SCHEMA,
  MIDDLEBOX_SCHEMA,
  MONITOR_SCHEMA,
  SECURITY_SCHEMA,
];
