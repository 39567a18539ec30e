// SPDX-License-Identifier: Apache-2.0
import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import type { Resource } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { currentMetrics } from './current.js';
import { exemplars } from './exemplars.js';
import { type ExemplarsOf, openMetrics } from './openmetrics.js';

export interface Metrics {
  /** All there is, in OpenMetrics' text format. */
  text(): Promise<string>;
  shutdown(): Promise<void>;
}

/** Starts metrics for this process: to be scraped, and exported every minute if so wished. */
export function startMetrics(
  resource: Resource,
  { exporting, timeoutMs }: { exporting: boolean; timeoutMs: number },
): Metrics {
  const scraped = new Scraped({ metricProducers: [currentMetrics] });
  const readers: IMetricReader[] = exporting ? [scraped, pushed(timeoutMs)] : [scraped];
  const provider = new MeterProvider({ resource, readers });
  metrics.setGlobalMeterProvider(provider);
  // Without an export, an exemplar would lead to a trace that is nowhere.
  const exemplarsOf: ExemplarsOf = exporting ? (...series) => exemplars.of(...series) : () => [];
  return {
    async text() {
      const { resourceMetrics } = await scraped.collect();
      return openMetrics(resourceMetrics, exemplarsOf);
    },
    shutdown: () => provider.shutdown(),
  };
}

/** Read when somebody asks. */
class Scraped extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

const pushed = (timeoutMillis: number): IMetricReader =>
  new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ timeoutMillis }),
    exportTimeoutMillis: timeoutMillis,
    metricProducers: [currentMetrics],
  });
