// SPDX-License-Identifier: Apache-2.0
import type { TopLevelSpec } from 'vega-lite';
import type { Fleet } from '../fleet/index.js';
import type { Quartiles } from '../results/quartiles.js';

/** Repeated trials of one case. */
export interface Measurement extends Quartiles {
  case: string;
  unit: string;
}

/** What an experiment found. */
export interface Outcome {
  /** Whether the claim held; if not, `reason` says what was seen instead. */
  passed: boolean;
  reason?: string;
  measurements: Measurement[];
  plot: TopLevelSpec;
  /** For whoever reads the numbers. */
  meaning: string;
}

/** How much is done: what fits into a test, or what a plot deserves. */
export type Scale = 'quick' | 'full';

export interface Context {
  /** The same one each time, started when it is asked for first. */
  fleet(): Promise<Fleet>;
  scale: Scale;
  /** Called when a part of `of` equal parts is done. */
  progress(of: number): void;
}

/** One experiment of the dissertation, as we repeat it. */
export interface Experiment {
  name: string;
  title: string;
  question: string;
  setup: string;
  claim: string;
  /** What the dissertation's prototype reached. */
  prototype: string;
  run(context: Context): Promise<Outcome>;
}
