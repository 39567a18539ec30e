// SPDX-License-Identifier: Apache-2.0
import type { VirtualHost } from '@l45/testbed';

const TRACING = '/sys/kernel/tracing';
/** The quickest of so many says best how the two clocks are apart. */
const READINGS = 5;

/** One of the core's tracepoints, as kernel/core/trace.h prints it. */
export interface TraceEvent {
  /** Milliseconds since 1970, by the clock of the machine. */
  time: number;
  /** Without the `l45_` before it. */
  event: string;
  instance: string;
  text: string;
}

/** The tracepoints of a virtual host's kernel, on the clock of the machine. */
export class KernelTrace {
  private constructor(
    private readonly host: VirtualHost,
    /** Of the machine's clock before the host's, in milliseconds, and how far off that may be. */
    readonly ahead: { ms: number; error: number },
  ) {}

  static async start(host: VirtualHost): Promise<KernelTrace> {
    await host.sh(`cd ${TRACING} && echo mono >trace_clock && echo 1 >events/l45/enable`);
    const readings = [];
    for (let i = 0; i < READINGS; i++) readings.push(await readClock(host, `reading ${i}`));
    const [best] = readings.toSorted((a, b) => a.error - b.error);
    if (!best) throw new Error('there is no reading');
    await host.sh(`echo >${TRACING}/trace`);
    return new KernelTrace(host, best);
  }

  /** What there was, in order. */
  async stop(): Promise<TraceEvent[]> {
    const trace = await this.host.sh(`cd ${TRACING} && echo 0 >events/l45/enable && cat trace`);
    const events = trace.split('\n').flatMap((line) => {
      const [, seconds, event = '', text = ''] = /\s(\d+\.\d+): l45_(\w+): (.*)$/.exec(line) ?? [];
      const [, instance] = /instance=([0-9a-f-]{36})/.exec(text) ?? [];
      if (!seconds || !instance) return [];
      return [{ time: Number(seconds) * 1e3 + this.ahead.ms, event, instance, text }];
    });
    if (events.length === 0) throw new Error(`${this.host.name} has traced nothing`);
    return events;
  }
}

async function readClock(host: VirtualHost, mark: string): Promise<{ ms: number; error: number }> {
  const now = (): number => performance.timeOrigin + performance.now();
  const before = now();
  await host.sh(`echo ${mark} >${TRACING}/trace_marker`);
  const after = now();
  const line = await host.sh(`grep '${mark}' ${TRACING}/trace`);
  const [, seconds] = /\s(\d+\.\d+): /.exec(line) ?? [];
  if (!seconds) throw new Error(`no time in ${line}`);
  return { ms: (before + after) / 2 - Number(seconds) * 1e3, error: (after - before) / 2 };
}
