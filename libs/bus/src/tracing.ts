// SPDX-License-Identifier: Apache-2.0
import { markFailed } from '@l45/telemetry';
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { headers, type MsgHdrs } from '@nats-io/transport-node';

const tracer = trace.getTracer('@l45/bus');

/** Runs in a span for something sent; headers carry its context along. */
export const traceSend = <T>(subject: string, run: (headers: MsgHdrs) => Promise<T>): Promise<T> =>
  span(`${subject} send`, SpanKind.PRODUCER, subject, context.active(), () => {
    const carrier = headers();
    propagation.inject(context.active(), carrier, { set: (to, key, value) => to.set(key, value) });
    return run(carrier);
  });

/** Runs in a span for something received, a child of the sender's span. */
export const traceReceive = <T>(
  subject: string,
  received: MsgHdrs | undefined,
  run: () => Promise<T>,
): Promise<T> => span(`${subject} process`, SpanKind.CONSUMER, subject, parentOf(received), run);

const parentOf = (received: MsgHdrs | undefined): Context =>
  propagation.extract(ROOT_CONTEXT, received, {
    keys: (from) => from?.keys() ?? [],
    get: (from, key) => from?.get(key) || undefined,
  });

const span = <T>(
  name: string,
  kind: SpanKind,
  subject: string,
  parent: Context,
  run: () => Promise<T>,
): Promise<T> => {
  const attributes = { 'messaging.system': 'nats', 'messaging.destination.name': subject };
  return tracer.startActiveSpan(name, { kind, attributes }, parent, async (active) => {
    try {
      return await run();
    } catch (error) {
      markFailed(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      active.end();
    }
  });
};
