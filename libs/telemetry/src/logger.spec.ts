// SPDX-License-Identifier: Apache-2.0
import { context, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { Logger } from '@nestjs/common';
import { JsonLogger } from './logger.js';

describe('JsonLogger', () => {
  let lines: Record<string, unknown>[];
  let logger: JsonLogger;

  beforeEach(() => {
    lines = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    logger = new JsonLogger({ service: 'deployer', level: 'info', destination });
  });

  it('writes a JSON object a line, with the context that Nest gives', () => {
    Logger.overrideLogger(logger);
    new Logger('Rollout').log('converged', { deployment: 'tag-dns' });
    expect(lines).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        service: 'deployer',
        context: 'Rollout',
        deployment: 'tag-dns',
        msg: 'converged',
      },
    ]);
  });

  it('keeps the stack and the cause of an error', () => {
    logger.error(new Error('outer', { cause: new Error('inner') }), 'Rollout');
    expect(lines).toMatchObject([
      {
        level: 'error',
        context: 'Rollout',
        msg: 'outer',
        err: { stack: expect.stringContaining('inner') },
      },
    ]);
  });

  it('removes fields named like secrets', () => {
    logger.warn('refused', { password: 'x', user: { token: 'y', name: 'agent' } });
    expect(JSON.stringify(lines)).not.toMatch(/"x"|"y"/);
    expect(lines).toMatchObject([{ user: { name: 'agent' } }]);
  });

  it('leaves out what is below its level', () => {
    logger.debug('detail');
    logger.verbose('more detail');
    expect(lines).toEqual([]);
  });

  it('names the active trace', () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const spanId = 'b7ad6b7169203331';
    const span = trace.wrapSpanContext({ traceId, spanId, traceFlags: TraceFlags.SAMPLED });
    context.with(trace.setSpan(context.active(), span), () => logger.log('in a trace'));
    context.disable();
    expect(lines).toMatchObject([{ trace_id: traceId, span_id: spanId }]);
  });
});
