// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS, L45Error } from '@l45/contracts';
import { currentTraceparent, withTraceparent } from '@l45/telemetry';
import { Controller } from '@nestjs/common';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { headers } from '@nats-io/transport-node';
import { Bus } from './bus.decorator.js';
import { EventPublisher } from './events.js';
import {
  createTestService,
  type NatsServer,
  startNats,
  type TestService,
} from './testing/index.js';

jest.setTimeout(30_000);

const { deploy, revoke } = ENDPOINTS.deployer;
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE}-b7ad6b7169203331-01`;

@Controller()
class Deployments {
  constructor(private readonly events: EventPublisher) {}

  @Bus(deploy)
  async deploy() {
    await this.events.publish('monitor.host', { host: 'client', online: true });
    return { traceparent: currentTraceparent() } as never;
  }

  @Bus(revoke)
  revoke(): never {
    throw new L45Error('WRONG_STATE', 'not deployed');
  }
}

describe('tracing', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let nats: NatsServer;
  let service: TestService;

  beforeAll(async () => {
    provider.register();
    nats = await startNats();
    service = await createTestService(
      { controllers: [Deployments] },
      { url: nats.url, service: 'deployer' },
    );
  });

  beforeEach(() => exporter.reset());

  afterAll(async () => {
    await service.close();
    await nats.stop();
    await provider.shutdown();
    trace.disable();
  });

  const spans = () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: span.kind,
      parent: span.parentSpanContext?.spanId,
      id: span.spanContext().spanId,
      trace: span.spanContext().traceId,
      status: span.status.code,
    }));

  it('continues the trace of a raw request, into what the handler sends', async () => {
    const carrier = headers();
    carrier.set('traceparent', PARENT);
    const answer = await service.connection.request(
      deploy.subject,
      JSON.stringify(deploy.example),
      { timeout: 5_000, headers: carrier },
    );
    const [event, request] = spans();
    expect(request).toMatchObject({
      name: 'l45.deployer.deploy process',
      kind: SpanKind.CONSUMER,
      trace: TRACE,
      parent: 'b7ad6b7169203331',
      status: SpanStatusCode.UNSET,
    });
    expect(event).toMatchObject({
      name: 'l45.events.monitor.host send',
      kind: SpanKind.PRODUCER,
      trace: TRACE,
      parent: request?.id,
    });
    expect(answer.json()).toEqual({ traceparent: `00-${TRACE}-${request?.id}-01` });
  });

  it('is one trace from BusClient to the service, marked when it failed', async () => {
    await withTraceparent(PARENT, () =>
      expect(service.client.request(revoke, { name: 'x' })).rejects.toThrow('not deployed'),
    );
    const [processed, sent] = spans();
    expect(sent).toMatchObject({
      name: 'l45.deployer.revoke send',
      kind: SpanKind.PRODUCER,
      trace: TRACE,
      parent: 'b7ad6b7169203331',
      status: SpanStatusCode.ERROR,
    });
    expect(processed).toMatchObject({
      name: 'l45.deployer.revoke process',
      trace: TRACE,
      parent: sent?.id,
      status: SpanStatusCode.ERROR,
    });
  });
});
