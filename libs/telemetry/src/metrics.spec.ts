// SPDX-License-Identifier: Apache-2.0
import { metrics } from '@opentelemetry/api';
import { currentMetrics, type Reading } from './current.js';
import { counter, durations } from './instruments.js';
import { initTelemetry, type Telemetry } from './telemetry.js';

describe('metrics', () => {
  let telemetry: Telemetry;

  beforeAll(() => {
    telemetry = initTelemetry({ service: 'l45-builder', version: '1.2.3', exporting: false });
  });

  afterAll(async () => {
    await telemetry.shutdown();
    metrics.disable();
  });

  const lines = async () => (await telemetry.metrics()).split('\n');

  it('have their unit in their name, and say whose they are', async () => {
    durations('l45.build.duration', 'To build').record(0.3, { 'l45.customization': 'null' });
    counter('l45.builds', 'Asked for').add(2, { 'l45.cached': true });
    expect(await lines()).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^target_info\{.*service_name="l45-builder".*service_version="1.2.3"/,
        ),
        '# TYPE l45_build_duration_seconds histogram',
        'l45_build_duration_seconds_bucket{l45_customization="null",le="0.25"} 0',
        'l45_build_duration_seconds_bucket{l45_customization="null",le="0.5"} 1',
        '# TYPE l45_builds counter',
        'l45_builds_total{l45_cached="true"} 2',
      ]),
    );
  });

  it('of what is now come from all who tell of it, and end with it', async () => {
    const bytes = { name: 'l45.instance.bytes', description: 'Carried', unit: 'By' } as const;
    const of = (instance: string): Reading => ({ value: 7, attributes: { instance } });
    let readings = [of('a'), of('b')];
    const forget = [
      currentMetrics.add({ ...bytes, kind: 'counter' }, () => readings),
      currentMetrics.add({ ...bytes, kind: 'counter' }, () => [of('c')]),
    ];
    const told = async () => (await lines()).filter((line) => line.startsWith('l45_instance'));
    const series = (instance: string) => `l45_instance_bytes_total{instance="${instance}"} 7`;
    expect(await told()).toEqual(['a', 'b', 'c'].map(series));
    readings = [of('b')];
    expect(await told()).toEqual(['b', 'c'].map(series));
    for (const end of forget) end();
    expect(await told()).toEqual([]);
  });

  it('have a bound, however many there are', async () => {
    const readings = Array.from({ length: 2_500 }, (_, value) => ({
      value,
      attributes: { value },
    }));
    const forget = currentMetrics.add(
      { name: 'l45.many', description: 'Many', kind: 'gauge' },
      () => readings,
    );
    expect((await lines()).filter((line) => line.startsWith('l45_many'))).toHaveLength(2_000);
    forget();
  });
});
