// SPDX-License-Identifier: Apache-2.0
import type { BuildRow } from '../storage/build.entity.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { HostRow } from '../storage/host.entity.js';

export const LONG_AGO = new Date('2026-01-01T00:00:00Z');
export const TARGET = { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' };

export const deploymentRow = (fields: Partial<DeploymentRow> = {}): DeploymentRow => ({
  id: '6f1c8a0e-0000-4000-8000-000000000001',
  name: 'tag-dns',
  specification: {
    customization: 'dns_tag',
    params: {},
    priority: 100,
    mode: 'active',
    attach: 'immediate',
    ends: {
      client: { hosts: ['client'], match: { protocols: ['udp'] } },
      server: { hosts: ['dns-server'], match: { protocols: ['udp'] } },
    },
  },
  members: {},
  priority: 100,
  priorities: null,
  mode: 'active',
  deprecated: false,
  phase: 'ingress',
  rollout: null,
  forced: false,
  revision: 1,
  traceparent: null,
  createdAt: LONG_AGO,
  updatedAt: LONG_AGO,
  ...fields,
});

export const hostRow = (name: string, fields: Partial<HostRow> = {}): HostRow => ({
  name,
  target: TARGET,
  labels: {},
  observed: [],
  problems: [],
  observedAt: LONG_AGO,
  applied: 0,
  revision: 0,
  desired: { artifacts: [], instances: [] },
  desiredTarget: null,
  since: {},
  traceparent: null,
  ...fields,
});

export const buildRow = (fields: Partial<BuildRow> = {}): BuildRow => ({
  customization: 'dns_tag',
  ...TARGET,
  artifacts: ['l45', 'dns_tag'].map((name) => ({
    name,
    digest: `${name}-1`,
    size: 1,
    srcversion: name,
  })),
  problem: null,
  ...fields,
});
