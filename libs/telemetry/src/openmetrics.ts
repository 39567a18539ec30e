// SPDX-License-Identifier: Apache-2.0
import type { Attributes } from '@opentelemetry/api';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Exemplar } from './exemplars.js';

export const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** As collectors name them: whoever queries must not care which way a metric came. */
const UNITS: Record<string, string> = { s: 'seconds', By: 'bytes' };

/** Exemplars of a series, by bucket. */
export type ExemplarsOf = (
  metric: string,
  attributes: Attributes,
) => readonly (Exemplar | undefined)[];

/**
 * Metrics as a scrape takes them, with exemplars, which the SDK's own text format has no place for.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function openMetrics(
  { resource, scopeMetrics }: ResourceMetrics,
  exemplarsOf: ExemplarsOf,
): string {
  const families = scopeMetrics.flatMap(({ metrics }) => metrics);
  return [
    '# TYPE target info',
    sample('target_info', resource.attributes, 1),
    ...families.flatMap((data) => familyOf(data, exemplarsOf)),
    '# EOF',
  ].join('\n');
}

function familyOf(data: MetricData, exemplarsOf: ExemplarsOf): string[] {
  const { descriptor, dataPointType, dataPoints } = data;
  const name = nameOf(descriptor);
  const head = (type: string) => [
    `# HELP ${name} ${escaped(descriptor.description)}`,
    `# TYPE ${name} ${type}`,
  ];
  switch (dataPointType) {
    case DataPointType.HISTOGRAM:
      return [
        ...head('histogram'),
        ...dataPoints.flatMap((point) =>
          distribution(name, point, exemplarsOf(descriptor.name, point.attributes)),
        ),
      ];
    case DataPointType.SUM:
    case DataPointType.GAUGE: {
      const isCounter = dataPointType === DataPointType.SUM && data.isMonotonic;
      const series = isCounter ? `${name}_total` : name;
      return [
        ...head(isCounter ? 'counter' : 'gauge'),
        ...dataPoints.map(({ attributes, value }) => sample(series, attributes, value)),
      ];
    }
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      throw new Error(`${descriptor.name}: exponential histograms have no place in OpenMetrics`);
  }
}

function distribution(
  name: string,
  { attributes, value: { buckets, count, sum } }: DataPoint<Histogram>,
  exemplars: readonly (Exemplar | undefined)[],
): string[] {
  let below = 0;
  const lines = buckets.counts.map((inside, bucket) => {
    below += inside;
    const le = numeral(buckets.boundaries[bucket] ?? Infinity);
    return sample(`${name}_bucket`, { ...attributes, le }, below) + suffixOf(exemplars[bucket]);
  });
  const total = (what: string, value = 0) => sample(`${name}_${what}`, attributes, value);
  return [...lines, total('count', count), total('sum', sum)];
}

function suffixOf(exemplar: Exemplar | undefined): string {
  if (!exemplar) return '';
  const { span, value, at } = exemplar;
  const labels = labelsOf({ trace_id: span.traceId, span_id: span.spanId });
  return ` # ${labels} ${numeral(value)} ${at / 1_000}`;
}

function nameOf({ name, unit }: MetricData['descriptor']): string {
  const plain = identifier(name);
  const suffix = UNITS[unit];
  return suffix && !plain.endsWith(`_${suffix}`) ? `${plain}_${suffix}` : plain;
}

const sample = (name: string, attributes: Attributes, value: number): string =>
  `${name}${labelsOf(attributes)} ${numeral(value)}`;

function labelsOf(attributes: Attributes): string {
  const labels = Object.entries(attributes).map(
    ([name, value]) => `${identifier(name)}="${escaped(String(value))}"`,
  );
  return labels.length ? `{${labels.join(',')}}` : '';
}

const identifier = (name: string): string => name.replace(/[^a-zA-Z0-9_]/g, '_');

const escaped = (text: string): string => text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n');

const numeral = (value: number): string =>
  Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
