// SPDX-License-Identifier: Apache-2.0
import { type Attributes, type SpanContext, TraceFlags } from '@opentelemetry/api';

/** A measurement, and the trace that it was taken in. */
export interface Exemplar {
  span: SpanContext;
  value: number;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * Remembers the last exemplar of every bucket of every histogram, since the SDK for JavaScript does
 * not.
 */
class Exemplars {
  readonly #series = new Map<string, (Exemplar | undefined)[]>();

  /** Nothing is remembered of what belongs to no trace, or to one that nobody records. */
  offer(
    metric: string,
    attributes: Attributes,
    { span, bucket, value }: { span: SpanContext | undefined; bucket: number; value: number },
  ): void {
    if (!span || !(span.traceFlags & TraceFlags.SAMPLED)) return;
    const key = seriesOf(metric, attributes);
    const buckets = this.#series.get(key) ?? [];
    buckets[bucket] = { span, value, at: Date.now() };
    this.#series.set(key, buckets);
  }

  /** By bucket. */
  of(metric: string, attributes: Attributes): readonly (Exemplar | undefined)[] {
    return this.#series.get(seriesOf(metric, attributes)) ?? [];
  }
}

const seriesOf = (metric: string, attributes: Attributes): string =>
  JSON.stringify([metric, ...Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))]);

export const exemplars = new Exemplars();
