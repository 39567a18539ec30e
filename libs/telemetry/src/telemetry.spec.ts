// SPDX-License-Identifier: Apache-2.0
import { trace } from '@opentelemetry/api';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { currentTraceparent, withTraceparent } from './propagation.js';
import { initTelemetry } from './telemetry.js';

const service = { service: 'l45-deployer', version: '1.2.3' };
const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

afterEach(() => {
  trace.disable();
  delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
});

it('telemetry - exports spans to where the environment says, at shutdown at the latest', async () => {
  const bodies: Buffer[] = [];
  const requests: IncomingMessage[] = [];
  const collector = createServer(async (request, response) => {
    requests.push(request);
    for await (const chunk of request) bodies.push(chunk as Buffer);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${port}`;

  const telemetry = initTelemetry({ ...service, exportTraces: true });
  trace.getTracer('test').startSpan('deploying').end();
  await telemetry.shutdown();

  expect(requests[0]).toMatchObject({
    url: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf' },
  });
  const body = Buffer.concat(bodies).toString('latin1');
  for (const text of ['l45-deployer', '1.2.3', 'deploying']) expect(body).toContain(text);
  collector.close();
});

it('telemetry - does not fail or linger when no collector is there', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9';
  const telemetry = initTelemetry({ ...service, exportTraces: true });
  trace.getTracer('test').startSpan('deploying').end();
  await expect(telemetry.shutdown()).resolves.toBeUndefined();
});

it('telemetry - continues a stored trace without exporting', async () => {
  const telemetry = initTelemetry({ ...service, exportTraces: false });
  expect(currentTraceparent()).toBeUndefined();
  const stored = withTraceparent(PARENT, currentTraceparent);
  expect(stored).toBe(PARENT);
  expect(withTraceparent(undefined, currentTraceparent)).toBeUndefined();
  await telemetry.shutdown();
});
