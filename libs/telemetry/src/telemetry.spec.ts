// SPDX-License-Identifier: Apache-2.0
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { currentMetrics } from './current.js';
import { durations } from './instruments.js';
import { currentTraceparent, withTraceparent } from './propagation.js';
import { markFailed } from './span.js';
import { initTelemetry } from './telemetry.js';
import { startCollector } from './testing/index.js';

const service = { service: 'l45-deployer', version: '1.2.3' };
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

afterEach(() => {
  for (const api of [trace, metrics, context, propagation]) api.disable();
  for (const name of Object.keys(process.env))
    if (name.startsWith('OTEL_')) delete process.env[name];
});

it('telemetry - exports spans and metrics to where the environment says, at shutdown at the latest', async () => {
  const collector = await startCollector();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;

  const telemetry = initTelemetry({ ...service, exporting: true });
  const forget = currentMetrics.add(
    { name: 'l45.hosts', description: 'Hosts', kind: 'gauge' },
    () => [{ value: 3, attributes: { 'l45.online': true } }],
  );
  trace.getTracer('test').startActiveSpan('deploying', (span) => {
    markFailed(Object.assign(new Error('start its agent'), { name: 'HOST_OFFLINE' }));
    span.end();
  });
  durations('l45.request.duration', 'From a request to its answer').record(0.2);
  await telemetry.shutdown();
  forget();

  expect(collector.spans).toMatchObject([
    {
      service: 'l45-deployer',
      name: 'deploying',
      parentSpanId: '',
      attributes: { 'error.type': 'HOST_OFFLINE' },
      error: 'start its agent',
    },
  ]);
  expect(collector.metrics).toEqual([
    {
      service: 'l45-deployer',
      name: 'l45.request.duration',
      unit: 's',
      points: [{ attributes: {}, value: 1 }],
    },
    {
      service: 'l45-deployer',
      name: 'l45.hosts',
      unit: '',
      points: [{ attributes: { 'l45.online': true }, value: 3 }],
    },
  ]);
  await collector.close();
});

it.each([
  ['always_off', undefined, 0],
  ['parentbased_traceidratio', '0', 0],
  ['parentbased_traceidratio', '1', 1],
])('telemetry - samples as OTEL_TRACES_SAMPLER=%s %s says', async (sampler, ratio, exported) => {
  const collector = await startCollector();
  Object.assign(process.env, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: sampler,
    ...(ratio && { OTEL_TRACES_SAMPLER_ARG: ratio }),
  });
  const telemetry = initTelemetry({ ...service, exporting: true });
  trace.getTracer('test').startSpan('deploying').end();
  await telemetry.shutdown();
  expect(collector.spans).toHaveLength(exported);
  await collector.close();
});

it('telemetry - does not fail or linger when no collector is there', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9';
  const telemetry = initTelemetry({ ...service, exporting: true });
  trace.getTracer('test').startSpan('deploying').end();
  await expect(telemetry.shutdown()).resolves.toBeUndefined();
});

it('telemetry - continues a stored trace without exporting', async () => {
  const telemetry = initTelemetry({ ...service, exporting: false });
  expect(currentTraceparent()).toBeUndefined();
  const stored = withTraceparent(PARENT, currentTraceparent);
  expect(stored).toBe(PARENT);
  expect(withTraceparent(undefined, currentTraceparent)).toBeUndefined();
  await telemetry.shutdown();
});
