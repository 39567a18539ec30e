// SPDX-License-Identifier: Apache-2.0
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { startMetrics } from './metrics.js';

const EXPORT_TIMEOUT_MS = 2_000;

export interface TelemetryOptions {
  /** Name under which spans are found, `l45-deployer`. */
  service: string;
  version: string;
  /** Whether spans and metrics are exported, to where the OTEL_EXPORTER_OTLP_* variables say. */
  exporting: boolean;
}

export interface Telemetry {
  /** Metrics in OpenMetrics' text format. */
  metrics(): Promise<string>;
  /** Exports what is still in memory; never fails, and takes seconds at most. */
  shutdown(): Promise<void>;
}

/**
 * Starts telemetry for this process: context follows promises and callbacks, and travels in W3C
 * headers, whether spans are exported or not. OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG say
 * which traces are recorded; unless told, those that their caller records, and all without one.
 */
export function initTelemetry({ service, version, exporting }: TelemetryOptions): Telemetry {
  const resource = resourceFromAttributes({ 'service.name': service, 'service.version': version });
  const traces = new NodeTracerProvider({
    resource,
    spanProcessors: exporting ? [exporter()] : [],
  });
  traces.register();
  const metrics = startMetrics(resource, { exporting, timeoutMs: EXPORT_TIMEOUT_MS });
  return {
    metrics: () => metrics.text(),
    async shutdown() {
      await Promise.allSettled([traces.shutdown(), metrics.shutdown()]);
    },
  };
}

const exporter = () =>
  new BatchSpanProcessor(new OTLPTraceExporter({ timeoutMillis: EXPORT_TIMEOUT_MS }), {
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
