// SPDX-License-Identifier: Apache-2.0

/** Every workload is measured in each: no module, one that matches nothing, both ends customized. */
export const CASES = ['none', 'loaded', 'active'] as const;
export type Case = (typeof CASES)[number];
export type Burden = Exclude<Case, 'none'>;

/** What a case may cost more than no module: times as much, or so many bytes. */
export type Target = { ratio: number } | { bytes: number };

export interface Workload {
  /** As kernel/test/bench/bench.c calls it. */
  name: string;
  title: string;
  unit: string;
  target: Record<Burden, Target>;
  /** Ratios of the dissertation's prototype, where they were measured. */
  prototype?: Partial<Record<Burden, number>>;
}

const ratios = (loaded: number, active: number): Workload['target'] => ({
  loaded: { ratio: loaded },
  active: { ratio: active },
});
const bytes = (active: number): Workload['target'] => ({
  loaded: { bytes: 0 },
  active: { bytes: active },
});
const counted = (
  name: string,
  title: string,
  operation: string,
  target: Workload['target'],
  prototype?: Workload['prototype'],
): Workload => ({ name, title, unit: `instructions/${operation}`, target, prototype });

const bulk = ratios(1.005, 1.15);
const sendfile = ratios(1.005, 1.7);
const close = ratios(1.05, 1.3);

export const WORKLOADS: readonly Workload[] = [
  counted('udp', 'UDP, one socket', 'query', ratios(1.005, 1.03), { loaded: 1.014, active: 1.134 }),
  counted('udp-new', 'UDP, new socket per query', 'query', ratios(1.01, 1.06), {
    loaded: 1.245,
    active: 3.333,
  }),
  counted('dnsmasq', 'dnsmasq, one socket', 'query', ratios(1.005, 1.02), {
    loaded: 1.005,
    active: 1.048,
  }),
  counted('dnsmasq-new', 'dnsmasq, new socket per query', 'query', ratios(1.01, 1.03), {
    loaded: 1.077,
    active: 1.735,
  }),
  counted('tcp-bulk-b', 'TCP bulk, 32 B per 1000 B, batch', '64 KB', bulk, {
    loaded: 1.005,
    active: 2.239,
  }),
  counted('tcp-bulk-p', 'TCP bulk, 32 B per 1000 B, preempted', '64 KB', bulk),
  counted('tcp-ping', 'TCP 100-byte ping-pong', 'exchange', ratios(1.005, 1.03)),
  counted('tcp-connect', 'TCP connect + 100 B echo + close', 'connection', ratios(1.01, 1.04)),
  counted('sendfile-b', 'sendfile, batch', '64 KB', sendfile),
  counted('sendfile-p', 'sendfile, preempted', '64 KB', sendfile),
  counted('close-0', 'close(), no other socket', 'close', close, { active: 2.6 }),
  counted('close-1000', 'close(), 1000 sockets', 'close', close, { active: 3.9 }),
  counted('close-5000', 'close(), 5000 sockets', 'close', close, { active: 9.9 }),
  counted('crowd', 'UDP, among 10,000 unmatched', 'query', ratios(1.005, 1.03)),
  {
    name: 'memory-udp',
    title: 'Memory of an idle UDP socket',
    unit: 'bytes',
    target: bytes(2048),
  },
  {
    name: 'memory-tcp',
    title: 'Memory of an idle TCP socket',
    unit: 'bytes',
    target: bytes(4096),
  },
  {
    name: 'memory-other',
    title: 'Memory of an unmatched socket',
    unit: 'bytes',
    target: bytes(0),
  },
];
