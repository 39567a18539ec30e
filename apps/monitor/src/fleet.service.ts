// SPDX-License-Identifier: Apache-2.0
import { Buckets, Mirror } from '@l45/bus';
import { type DesiredState, OFFLINE_AFTER_MS, type ObservedState } from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EventEmitter } from 'node:events';

/** Every host, as the bus shows it: what it is told, and what it says. */
@Injectable()
export class Fleet implements OnApplicationBootstrap, OnModuleDestroy {
  /** A host was told something else; a host has reported. */
  readonly events = new EventEmitter<{ told: [string]; reported: [string] }>();
  readonly desired: Mirror<DesiredState>;
  readonly observed: Mirror<ObservedState>;

  constructor(buckets: Buckets) {
    this.desired = new Mirror(buckets.desired, (host) => this.#tell('told', host));
    this.observed = new Mirror(buckets.observed, (host) => this.#tell('reported', host));
  }

  onApplicationBootstrap(): void {
    this.desired.follow();
    this.observed.follow();
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([this.desired.stop(), this.observed.stop()]);
  }

  isOnline(host: string): boolean {
    const at = this.observed.entries.get(host)?.at;
    return at !== undefined && Date.now() - at.getTime() <= OFFLINE_AFTER_MS;
  }

  /** Without a host: what was told before is complete. */
  #tell(event: 'told' | 'reported', host: string | undefined): void {
    if (host !== undefined) this.events.emit(event, host);
  }
}
