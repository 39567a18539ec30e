// SPDX-License-Identifier: Apache-2.0
import { metrics, trace } from '@opentelemetry/api';
import { durations } from './instruments.js';
import { initTelemetry, type Telemetry } from './telemetry.js';

describe('what is scraped', () => {
  let telemetry: Telemetry;
  const start = (exporting: boolean) =>
    initTelemetry({ service: 'l45-"odd"\n\\', version: '1.2.3', exporting });

  afterEach(async () => {
    await telemetry.shutdown();
    metrics.disable();
    trace.disable();
  });

  /** In a trace; answers its span. */
  const measured = (seconds: number) =>
    trace.getTracer('test').startActiveSpan('operator', (span) => {
      durations('l45.request.duration', 'To answer').record(seconds, { 'l45.verb': 'deploy' });
      span.end();
      return span.spanContext();
    });

  const buckets = async () =>
    (await telemetry.metrics()).split('\n').filter((line) => line.includes('_bucket{'));

  it('leads from a bucket to the trace of its last measurement', async () => {
    telemetry = start(true);
    measured(0.3);
    const { traceId, spanId } = measured(0.4);
    durations('l45.request.duration', 'To answer').record(0.45, { 'l45.verb': 'deploy' });
    const led = (await buckets()).filter((line) => line.includes('#'));
    const labels = `trace_id="${traceId}",span_id="${spanId}"`;
    const at = String.raw`\d+(\.\d+)?`;
    expect(led).toEqual([
      expect.stringMatching(
        new RegExp(
          `^l45_request_duration_seconds_bucket\\{l45_verb="deploy",le="0.5"\\} 3 # \\{${labels}\\} 0.4 ${at}$`,
        ),
      ),
    ]);
  });

  it('leads nowhere if traces go nowhere', async () => {
    telemetry = start(false);
    measured(0.3);
    expect((await buckets()).filter((line) => line.includes('#'))).toEqual([]);
  });

  it('ends as the standard wants it, with odd text escaped', async () => {
    telemetry = start(false);
    const text = await telemetry.metrics();
    expect(text).toContain(String.raw`service_name="l45-\"odd\"\n\\"`);
    expect(text.endsWith('\n# EOF')).toBe(true);
  });
});
