// SPDX-License-Identifier: Apache-2.0
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import type { Resource } from '@opentelemetry/resources';
import {
  type IMetricReader,
  type MetricData,
  MeterProvider,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { currentMetrics } from './current.js';

const SUFFIXES: Record<string, string> = { s: '.seconds', By: '.bytes' };

export interface Metrics {
  /** All there is, in Prometheus' text format. */
  text(): Promise<string>;
  shutdown(): Promise<void>;
}

/** Starts metrics for this process: to be scraped, and exported every minute if so wished. */
export function startMetrics(
  resource: Resource,
  { exporting, timeoutMs }: { exporting: boolean; timeoutMs: number },
): Metrics {
  const scraped = new PrometheusExporter({
    preventServerStart: true,
    metricProducers: [currentMetrics],
  });
  const readers: IMetricReader[] = exporting ? [scraped, pushed(timeoutMs)] : [scraped];
  const provider = new MeterProvider({ resource, readers });
  metrics.setGlobalMeterProvider(provider);
  const serializer = new PrometheusSerializer('', false, undefined, false, true);
  return {
    async text() {
      const { resourceMetrics } = await scraped.collect();
      return serializer.serialize(withUnits(resourceMetrics));
    },
    shutdown: () => provider.shutdown(),
  };
}

const pushed = (timeoutMillis: number): IMetricReader =>
  new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ timeoutMillis }),
    exportTimeoutMillis: timeoutMillis,
    metricProducers: [currentMetrics],
  });

/** The serializer leaves units out of names, where collectors put them: names have to be equal. */
const withUnits = ({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics => ({
  resource,
  scopeMetrics: scopeMetrics.map(({ scope, metrics: all }) => ({
    scope,
    metrics: all.map(withUnit),
  })),
});

function withUnit<Data extends MetricData>(data: Data): Data {
  const { name, unit } = data.descriptor;
  const suffix = SUFFIXES[unit];
  if (!suffix || name.endsWith(suffix)) return data;
  return { ...data, descriptor: { ...data.descriptor, name: name + suffix } };
}
