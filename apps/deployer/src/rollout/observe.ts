// SPDX-License-Identifier: Apache-2.0
import type { ObservedState } from '@l45/contracts';
import { isDeepStrictEqual } from 'node:util';
import type { HostRow } from '../storage/host.entity.js';

/** What of a report matters to rollouts: not its counters, which change with every one. */
export type Report = Pick<
  HostRow,
  'name' | 'target' | 'labels' | 'observed' | 'problems' | 'applied'
>;

export const reportOf = (state: ObservedState): Report => ({
  name: state.host,
  target: { kernelRelease: state.target.kernelRelease, arch: state.target.arch },
  labels: state.labels ?? {},
  observed: state.instances.map(
    ({ id, mode, priority, directions, deprecated, sockets, counters }) => ({
      id,
      mode,
      priority,
      directions,
      deprecated,
      ...(deprecated && sockets > 0 && { held: true }),
      ...(counters.errors !== '0' && { errors: counters.errors }),
      ...(!directions.includes('egress') && { received: counters.ingressMessages }),
    }),
  ),
  problems: state.problems,
  applied: state.desiredRevision,
});

/** The host's row with the report in it; undefined if it tells nothing new. */
export function observe(host: HostRow | undefined, report: Report, at: Date): HostRow | undefined {
  if (!host) return { ...neverAsked, ...report, observedAt: at };
  // Another replica may be ahead of us in watching.
  if (at < host.observedAt) return undefined;
  // An agent that restarts has applied nothing yet, but its kernel still has what it applied.
  const applied = Math.max(host.applied, report.applied);
  const after = { ...host, ...report, applied };
  if (isDeepStrictEqual(after, host)) return undefined;
  return { ...after, observedAt: at };
}

const neverAsked = {
  revision: 0,
  desired: { artifacts: [], instances: [] },
  desiredTarget: null,
  since: {},
  traceparent: null,
} satisfies Partial<HostRow>;
