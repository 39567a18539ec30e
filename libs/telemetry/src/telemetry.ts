// SPDX-License-Identifier: Apache-2.0
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const EXPORT_TIMEOUT_MS = 2_000;

export interface TelemetryOptions {
  /** Name under which spans are found, `l45-deployer`. */
  service: string;
  version: string;
  /** Whether spans are exported, to where the OTEL_EXPORTER_OTLP_* variables say. */
  exportTraces: boolean;
}

export interface Telemetry {
  /** Exports what is still in memory; never fails, and takes seconds at most. */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing for this process: context follows promises and callbacks, and travels in W3C
 * headers, whether spans are exported or not.
 */
export function initTelemetry({ service, version, exportTraces }: TelemetryOptions): Telemetry {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'service.version': version }),
    spanProcessors: exportTraces ? [exporter()] : [],
  });
  provider.register();
  return { shutdown: () => provider.shutdown().catch(() => undefined) };
}

const exporter = () =>
  new BatchSpanProcessor(new OTLPTraceExporter({ timeoutMillis: EXPORT_TIMEOUT_MS }), {
    exportTimeoutMillis: EXPORT_TIMEOUT_MS,
  });
