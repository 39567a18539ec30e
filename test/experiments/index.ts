// SPDX-License-Identifier: Apache-2.0
import { bulk, tlsBulk } from './bulk.js';
import { challenge } from './challenge.js';
import { challengeFleet } from './challenge-fleet.js';
import { deprecation } from './deprecation.js';
import { dnsBatch } from './dns-batch.js';
import { distribution } from './distribution.js';
import type { Experiment } from './experiment.js';
import { inspection } from './inspection.js';
import { rotation, tlsRotation } from './rotation.js';

/** In the order of the dissertation. */
export const EXPERIMENTS: Experiment[] = [
  distribution,
  dnsBatch,
  bulk,
  tlsBulk,
  challenge,
  challengeFleet,
  inspection,
  deprecation,
  rotation,
  tlsRotation,
];
