// SPDX-License-Identifier: Apache-2.0
import { quartilesOf } from '../results/quartiles.js';
import type { Measurement } from './experiment.js';

export const measurement = (
  name: string,
  unit: string,
  values: readonly number[],
): Measurement => ({ case: name, unit, ...quartilesOf(values) });
