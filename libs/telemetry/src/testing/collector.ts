// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

// Generated from OpenTelemetry's own .proto files, and not what the exporter encodes with.
const protocol = createRequire(import.meta.url)('otlp-decoder/build/src/generated/root.js');
const { trace, metrics } = protocol.opentelemetry.proto.collector;

type Values = Record<string, unknown>;

export interface CollectedSpan {
  /** Name of the service. */
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  /** Empty: none. */
  parentSpanId: string;
  attributes: Values;
  /** What went wrong; undefined: nothing. */
  error?: string;
}

export interface CollectedMetric {
  service: string;
  name: string;
  unit: string;
  points: { attributes: Values; value: number }[];
}

/** An OTLP receiver that keeps what it decoded. */
export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  readonly metrics: CollectedMetric[];
  close(): Promise<void>;
}

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const collected: CollectedMetric[] = [];
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.url === '/v1/traces') spans.push(...spansOf(body));
    if (request.url === '/v1/metrics') collected.push(...metricsOf(body));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    metrics: collected,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Attribute {
  key: string;
  value: Values;
}

interface Resourced {
  resource: { attributes: Attribute[] };
}

function spansOf(body: Buffer): CollectedSpan[] {
  const { resourceSpans } = decode<{
    resourceSpans: (Resourced & { scopeSpans: { spans: SentSpan[] }[] })[];
  }>(trace.v1.ExportTraceServiceRequest, body);
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap((scope) => scope.spans.map((span) => spanOf(serviceOf(resource), span))),
  );
}

interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Attribute[];
  status?: { code: string; message: string };
}

const spanOf = (service: string, span: SentSpan): CollectedSpan => ({
  service,
  name: span.name,
  traceId: hex(span.traceId),
  spanId: hex(span.spanId),
  parentSpanId: hex(span.parentSpanId),
  attributes: valuesOf(span.attributes),
  error: span.status?.code === 'STATUS_CODE_ERROR' ? span.status.message : undefined,
});

interface SentMetric {
  name: string;
  unit?: string;
  sum?: { dataPoints: SentPoint[] };
  gauge?: { dataPoints: SentPoint[] };
  histogram?: { dataPoints: SentPoint[] };
}

interface SentPoint {
  attributes: Attribute[];
  asDouble?: number;
  asInt?: string;
  count?: string;
}

function metricsOf(body: Buffer): CollectedMetric[] {
  const { resourceMetrics } = decode<{
    resourceMetrics: (Resourced & { scopeMetrics: { metrics: SentMetric[] }[] })[];
  }>(metrics.v1.ExportMetricsServiceRequest, body);
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap((scope) =>
      scope.metrics.map(({ name, unit = '', sum, gauge, histogram }) => ({
        service: serviceOf(resource),
        name,
        unit,
        points: (sum ?? gauge ?? histogram)?.dataPoints.map(pointOf) ?? [],
      })),
    ),
  );
}

/** Of a histogram, how often. */
const pointOf = ({ attributes, asDouble, asInt, count }: SentPoint) => ({
  attributes: valuesOf(attributes),
  value: asDouble ?? Number(asInt ?? count),
});

interface Type {
  decode(body: Buffer): unknown;
  toObject(message: unknown, options: object): unknown;
}

const decode = <T>(type: Type, body: Buffer): T =>
  type.toObject(type.decode(body), {
    enums: String,
    longs: String,
    bytes: String,
    arrays: true,
  }) as T;

const hex = (base64: string | undefined): string =>
  Buffer.from(base64 ?? '', 'base64').toString('hex');

const valuesOf = (attributes: Attribute[]): Values =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const serviceOf = ({ attributes }: Resourced['resource']): string =>
  String(valuesOf(attributes)['service.name']);
