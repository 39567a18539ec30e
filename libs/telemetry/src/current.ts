// SPDX-License-Identifier: Apache-2.0
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';

/** What is so (a gauge), or was counted elsewhere (a counter), told whenever metrics are asked for. */
export interface Current {
  name: string;
  description: string;
  unit?: string;
  kind: 'counter' | 'gauge';
}

export interface Reading {
  value: number;
  attributes?: Attributes;
}

interface Source {
  current: Current;
  read: () => Iterable<Reading>;
  since: HrTime;
}

/** Series of one metric; what is beyond is left out, whatever the fleet does. */
const MOST_READINGS = 2_000;
const NOTHING = resourceFromAttributes({});
const SCOPE = { name: 'l45' };

/**
 * Tells what there is now. The SDK's own observable instruments go on telling the last value of
 * what is gone, of revoked instances for one, for as long as the process lives.
 */
class CurrentMetrics implements MetricProducer {
  readonly #sources = new Set<Source>();

  /** From now on part of what is exported, until the answer is called. */
  add(current: Current, read: () => Iterable<Reading>): () => void {
    const source = { current, read, since: timeNow() };
    this.#sources.add(source);
    return () => void this.#sources.delete(source);
  }

  async collect(): Promise<CollectionResult> {
    const now = timeNow();
    const metrics = new Map<string, MetricData>();
    for (const { current, read, since } of this.#sources) {
      const points = [...read()].map((reading) => pointOf(reading, since, now));
      const known = metrics.get(current.name);
      const all = [...((known?.dataPoints ?? []) as DataPoint<number>[]), ...points];
      metrics.set(current.name, metricOf(current, all.slice(0, MOST_READINGS)));
    }
    const scopeMetrics = [{ scope: SCOPE, metrics: [...metrics.values()] }];
    return { resourceMetrics: { resource: NOTHING, scopeMetrics }, errors: [] };
  }
}

function timeNow(): HrTime {
  const ms = Date.now();
  return [Math.floor(ms / 1_000), (ms % 1_000) * 1e6];
}

const pointOf = (
  { value, attributes = {} }: Reading,
  startTime: HrTime,
  endTime: HrTime,
): DataPoint<number> => ({ value, attributes, startTime, endTime });

function metricOf(
  { name, description, unit = '', kind }: Current,
  dataPoints: DataPoint<number>[],
): MetricData {
  const common = {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints,
  };
  return kind === 'gauge'
    ? { ...common, dataPointType: DataPointType.GAUGE }
    : { ...common, dataPointType: DataPointType.SUM, isMonotonic: true };
}

export const currentMetrics = new CurrentMetrics();
