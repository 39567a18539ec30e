// SPDX-License-Identifier: Apache-2.0
import { bulk, tlsBulk } from './bulk.js';
import { deprecation } from './deprecation.js';
import { dnsBatch } from './dns-batch.js';
import type { Experiment } from './experiment.js';
import { rotation, tlsRotation } from './rotation.js';

/** In the order of the dissertation. */
export const EXPERIMENTS: Experiment[] = [
  dnsBatch,
  bulk,
  tlsBulk,
  deprecation,
  rotation,
  tlsRotation,
];
