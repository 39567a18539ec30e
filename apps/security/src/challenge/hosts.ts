// SPDX-License-Identifier: Apache-2.0
import { Buckets } from '@l45/bus';
import type { ObservedState, Role } from '@l45/contracts';
import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** Something that can be challenged. */
export interface Subject {
  deployment: string;
  host: string;
  role: Role;
  instance: string;
}

/** What hosts say that they run; what a silent host said last counts as well. */
@Injectable()
export class Hosts implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #states = new Map<string, ObservedState>();
  readonly #stop = new AbortController();
  #following?: Promise<void>;
  /** Whether all that was reported has been read. */
  current = false;

  constructor(private readonly buckets: Buckets) {}

  onApplicationBootstrap(): void {
    this.#following = this.#follow();
  }

  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  bootIdOf(host: string): string | undefined {
    return this.#states.get(host)?.bootId;
  }

  /** Instances of a deployment, by its identifier. */
  instancesOf({ id, name }: { id: string; name: string }): Subject[] {
    return [...this.#states.values()].flatMap(({ host, instances }) =>
      instances
        .filter(({ deployment }) => deployment === id)
        .map(({ id: instance, role }) => ({ deployment: name, host, role, instance })),
    );
  }

  async #follow(): Promise<void> {
    for await (const change of this.buckets.observed.watch('>', this.#stop.signal)) {
      if (change.kind === 'current') this.current = true;
      else if (change.kind === 'put') this.#states.set(change.key, change.value);
      else if (change.kind === 'deleted') this.#states.delete(change.key);
    }
  }
}
