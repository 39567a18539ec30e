// SPDX-License-Identifier: Apache-2.0
import { type Attributes, SpanStatusCode, trace } from '@opentelemetry/api';

/**
 * Runs as a step of the active trace, marked if it fails. Without an active trace it just runs:
 * what a heartbeat does belongs to no command.
 */
export const inSpan = <T>(
  name: string,
  attributes: Attributes,
  run: () => Promise<T>,
): Promise<T> => {
  if (!trace.getActiveSpan()) return run();
  return trace.getTracer('l45').startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await run();
    } catch (error) {
      markFailed(asError(error));
      throw error;
    } finally {
      span.end();
    }
  });
};

/** Marks the active span as failed, with what an operator needs to know. */
export function markFailed({ name, message }: Pick<Error, 'name' | 'message'>): void {
  trace
    .getActiveSpan()
    ?.setAttribute('error.type', name)
    .setStatus({ code: SpanStatusCode.ERROR, message });
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
