// SPDX-License-Identifier: Apache-2.0
import type { Counters, ObservedInstance, ObservedState } from '@l45/contracts';
import { type Current, currentMetrics, type Reading } from '@l45/telemetry';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Observer } from './observer.js';

/** A counter of the kernel: the metric it belongs to, and what tells it from others there. */
type Series = [counter: keyof Counters, attributes: Record<string, string>];

const METRICS: (Omit<Current, 'kind'> & { series: Series[] })[] = [
  {
    name: 'l45.instance.messages',
    description:
      'Messages that an instance customized, left to the next one, dropped, would have changed',
    series: [
      ['egressMessages', { 'l45.direction': 'egress', 'l45.verdict': 'customized' }],
      ['ingressMessages', { 'l45.direction': 'ingress', 'l45.verdict': 'customized' }],
      ['passed', { 'l45.verdict': 'passed' }],
      ['dropped', { 'l45.verdict': 'dropped' }],
      ['observed', { 'l45.verdict': 'observed' }],
    ],
  },
  {
    name: 'l45.instance.bytes',
    description: 'Bytes into and out of an instance',
    unit: 'By',
    series: [
      ['egressBytesIn', { 'l45.direction': 'egress', 'l45.side': 'in' }],
      ['egressBytesOut', { 'l45.direction': 'egress', 'l45.side': 'out' }],
      ['ingressBytesIn', { 'l45.direction': 'ingress', 'l45.side': 'in' }],
      ['ingressBytesOut', { 'l45.direction': 'ingress', 'l45.side': 'out' }],
    ],
  },
  {
    name: 'l45.instance.changed',
    description: 'Bytes that an instance inserted and removed',
    unit: 'By',
    series: [
      ['inserted', { 'l45.change': 'inserted' }],
      ['removed', { 'l45.change': 'removed' }],
    ],
  },
  {
    name: 'l45.instance.errors',
    description: 'Messages refused with an error',
    series: [['errors', {}]],
  },
  {
    name: 'l45.instance.attached',
    description: 'Sockets that an instance was ever attached to',
    series: [['attached', {}]],
  },
];

/** What the agent reported last, as metrics: reading them asks the kernel nothing. */
@Injectable()
export class AgentMetrics implements OnModuleDestroy {
  private readonly forget: (() => void)[];

  constructor(@Inject(Observer) private readonly observer: Observer) {
    this.forget = [
      ...METRICS.map(({ series, ...metric }) =>
        currentMetrics.add({ ...metric, kind: 'counter' }, () =>
          this.instances((host, instance) => readingsOf(host, instance, series)),
        ),
      ),
      currentMetrics.add(
        { name: 'l45.instance.sockets', description: 'Sockets attached now', kind: 'gauge' },
        () =>
          this.instances((host, instance) => [
            { value: instance.sockets, attributes: labelsOf(host, instance) },
          ]),
      ),
      currentMetrics.add(
        {
          name: 'l45.agent.problems',
          description: 'What keeps a host from its desired state, by kind',
          kind: 'gauge',
        },
        () => problemsOf(this.observer.latest),
      ),
      currentMetrics.add(
        {
          name: 'l45.agent.revision',
          description: 'Revision of the desired state that a host applied last',
          kind: 'gauge',
        },
        () => revisionOf(this.observer.latest),
      ),
    ];
  }

  onModuleDestroy(): void {
    for (const forget of this.forget) forget();
  }

  private instances(read: (host: string, instance: ObservedInstance) => Reading[]): Reading[] {
    const state = this.observer.latest;
    return state?.instances.flatMap((instance) => read(state.host, instance)) ?? [];
  }
}

const labelsOf = (host: string, { id, deployment, customization, role }: ObservedInstance) => ({
  'l45.host': host,
  'l45.instance': id,
  'l45.deployment': deployment,
  'l45.customization': customization,
  'l45.role': role,
});

const readingsOf = (host: string, instance: ObservedInstance, series: Series[]): Reading[] =>
  series.map(([counter, attributes]) => ({
    value: Number(instance.counters[counter]),
    attributes: { ...labelsOf(host, instance), ...attributes },
  }));

function problemsOf(state: ObservedState | undefined): Reading[] {
  if (!state) return [];
  const counts = new Map<string, number>();
  for (const { name } of state.problems) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, value]) => ({
    value,
    attributes: { 'l45.host': state.host, 'error.type': name },
  }));
}

const revisionOf = (state: ObservedState | undefined): Reading[] =>
  state ? [{ value: state.desiredRevision, attributes: { 'l45.host': state.host } }] : [];
