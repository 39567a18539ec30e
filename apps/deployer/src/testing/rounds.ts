// SPDX-License-Identifier: Apache-2.0
import { Builds } from '../rollout/builds.js';
import type { Report } from '../rollout/observe.js';
import { progressOf } from '../rollout/progress.js';
import { type Outcome, round } from '../rollout/round.js';
import type { DeploymentRow } from '../storage/deployment.entity.js';
import type { HostRow } from '../storage/host.entity.js';
import type { RotationRow } from '../storage/rotation.entity.js';
import { buildRow, deploymentRow, hostRow, TARGET } from './rows.js';

export const NOW = new Date('2026-01-02T00:00:00Z');
const builds = new Builds([buildRow()]);

/** Postgres in memory: what a round leaves is what the next one finds. */
export class Rounds {
  live: DeploymentRow[];
  rotations: RotationRow[] = [];
  now = NOW;
  heardSince: Date | undefined = NOW;
  readonly silent = new Set<string>();
  /** Why middleboxes can't read what is deployed. */
  unread?: string;
  hosts: HostRow[] = [hostRow('client'), hostRow('dns-server')];

  constructor(...live: DeploymentRow[]) {
    this.live = live;
  }

  run(...reports: Report[]): Outcome {
    const outcome = round(
      { live: this.live, hosts: this.hosts, builds, rotations: this.rotations },
      {
        reports: new Map(reports.map((report) => [report.name, { report, at: this.now }])),
        revisions: new Map(),
        isSilent: (host) => this.silent.has(host),
        silentSince: (host) => (this.silent.has(host) ? NOW : undefined),
        unreadBy: () => this.unread,
        heardSince: this.heardSince,
      },
      this.now,
    );
    this.hosts = [...outcome.hosts.values()];
    this.rotations = [...outcome.rotations.values()];
    this.live = [...outcome.deployments.values()].filter(({ phase }) => phase !== 'revoked');
    return outcome;
  }

  /** What the host's agent reports once it has applied what it was told. */
  applied(name: string): Report {
    const host = this.hosts.find((one) => one.name === name) ?? hostRow(name);
    return {
      name,
      target: TARGET,
      labels: host.labels,
      problems: [],
      applied: host.revision,
      observed: host.desired.instances.map(({ id, mode, priority, directions, deprecated }) => ({
        id,
        mode,
        priority,
        directions,
        deprecated,
      })),
    };
  }

  get phase() {
    return this.live[0]?.phase;
  }

  reasons(silentSince: (host: string) => Date | undefined = () => undefined) {
    const [deployment = deploymentRow()] = this.live;
    const hosts = new Map(this.hosts.map((host) => [host.name, host]));
    return progressOf(deployment, { hosts, builds, silentSince, unreadBy: () => this.unread }).map(
      ({ reason }) => reason,
    );
  }
}
