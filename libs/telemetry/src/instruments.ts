// SPDX-License-Identifier: Apache-2.0
import { context, type Counter, type Histogram, metrics, trace } from '@opentelemetry/api';
import { exemplars } from './exemplars.js';

/** From an answer without any work to a rollout over a fleet, in seconds. */
const BOUNDARIES = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
];

/** Asked for once telemetry has been started; before that, the API gives what records nothing. */
const meter = () => metrics.getMeter('l45');

/**
 * How long something took, in seconds; how often it happened as well. What is recorded within a
 * trace leads back to it.
 */
export function durations(name: string, description: string): Histogram {
  const histogram = meter().createHistogram(name, {
    description,
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });
  return {
    record(value, attributes = {}, at = context.active()) {
      histogram.record(value, attributes, at);
      const span = trace.getSpanContext(at);
      exemplars.offer(name, attributes, { span, bucket: bucketOf(value), value });
    },
  };
}

const bucketOf = (value: number): number => {
  const bucket = BOUNDARIES.findIndex((boundary) => value <= boundary);
  return bucket < 0 ? BOUNDARIES.length : bucket;
};

export const counter = (name: string, description: string): Counter =>
  meter().createCounter(name, { description });
