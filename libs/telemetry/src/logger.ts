// SPDX-License-Identifier: Apache-2.0
import type { LoggerService } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Level, type Logger, pino } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRETS = ['password', 'secret', 'token', 'key', 'seed', 'creds', 'authorization'];

export interface JsonLoggerOptions {
  service: string;
  level: LogLevel;
  /** Default: standard output. */
  destination?: DestinationStream;
}

/**
 * Nest's logger, writing a JSON object a line, with the identifiers of the active trace.
 * `logger.log('built', { artifact })` and `logger.error(error)` keep their fields; fields named
 * like secrets are removed.
 */
export class JsonLogger implements LoggerService {
  readonly #pino: Logger;

  constructor({ service, level, destination }: JsonLoggerOptions) {
    this.#pino = pino(
      {
        level,
        base: { service },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        mixin: traceIds,
        redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), remove: true },
      },
      destination ?? pino.destination({ fd: 1, sync: true }),
    );
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#write('info', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#write('trace', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.#write('fatal', message, rest);
  }

  /** Nest appends the context of its Logger as last parameter, and may put a stack before it. */
  #write(level: Level, message: unknown, rest: unknown[]): void {
    const context = typeof rest.at(-1) === 'string' ? rest.at(-1) : undefined;
    const parts = [message, ...(context === undefined ? rest : rest.slice(0, -1))];
    const err = parts.find((part) => part instanceof Error);
    const stack = err ? undefined : parts.slice(1).find((part) => typeof part === 'string');
    const fields = parts.filter(isFields).reduce((all, part) => ({ ...all, ...part }), {});
    const text = typeof message === 'string' ? message : err?.message;
    this.#pino[level]({ context, ...fields, err, stack }, text);
  }
}

const isFields = (part: unknown): part is Record<string, unknown> =>
  typeof part === 'object' && part !== null && !(part instanceof Error);

function traceIds(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
