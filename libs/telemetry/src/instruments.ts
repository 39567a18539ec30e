// SPDX-License-Identifier: Apache-2.0
import { type Counter, type Histogram, metrics } from '@opentelemetry/api';

/** From an answer without any work to a rollout over a fleet, in seconds. */
const BOUNDARIES = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
];

/** Asked for once telemetry has been started; before that, the API gives what records nothing. */
const meter = () => metrics.getMeter('l45');

/** How long something took, in seconds; how often it happened as well. */
export const durations = (name: string, description: string): Histogram =>
  meter().createHistogram(name, {
    description,
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });

export const counter = (name: string, description: string): Counter =>
  meter().createCounter(name, { description });
