// SPDX-License-Identifier: Apache-2.0
import { Inject, Injectable } from '@nestjs/common';
import { join } from 'node:path';
import { AgentConfig } from '../agent.config.js';
import { readIfThere, writeDurably } from '../durable-file.js';

/** The counter of each customization that this host accepted last, across restarts and reboots. */
@Injectable()
export class AcceptedCounters {
  private readonly file: string;
  private counters?: Map<string, number>;

  constructor(@Inject(AgentConfig) { L45_STATE_DIR }: AgentConfig) {
    this.file = join(L45_STATE_DIR, 'accepted-counters.json');
  }

  /** 0: none was accepted so far. */
  async of(customization: string): Promise<number> {
    return (await this.load()).get(customization) ?? 0;
  }

  async accept(customization: string, counter: number): Promise<void> {
    const counters = await this.load();
    if (counters.get(customization) === counter) return;
    counters.set(customization, counter);
    await writeDurably(this.file, Buffer.from(JSON.stringify(Object.fromEntries(counters))));
  }

  private async load(): Promise<Map<string, number>> {
    if (!this.counters) {
      const text = await readIfThere(this.file);
      const stored = text ? (JSON.parse(text.toString()) as Record<string, number>) : {};
      this.counters = new Map(Object.entries(stored));
    }
    return this.counters;
  }
}
