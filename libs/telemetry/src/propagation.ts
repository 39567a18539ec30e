// SPDX-License-Identifier: Apache-2.0
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/** The W3C `traceparent` of the active span, to be stored with a value; absent without one. */
export function currentTraceparent(): string | undefined {
  const carrier: { traceparent?: string } = {};
  propagation.inject(context.active(), carrier);
  return carrier.traceparent;
}

/** Runs what was caused by a stored `traceparent` as a part of that trace. */
export function withTraceparent<T>(traceparent: string | undefined, run: () => T): T {
  return context.with(propagation.extract(ROOT_CONTEXT, { traceparent }), run);
}
