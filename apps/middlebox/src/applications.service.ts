// SPDX-License-Identifier: Apache-2.0
import { EventPublisher } from '@l45/bus';
import { Injectable } from '@nestjs/common';
import type { Reports } from './assign/assign.js';
import type { MiddleboxRow } from './storage/middlebox.entity.js';
import { MiddleboxesRepository } from './storage/middleboxes.repository.js';

/** Raises an event for each application that is seen where it may not occur, once. */
@Injectable()
export class ApplicationsService {
  constructor(
    private readonly repository: MiddleboxesRepository,
    private readonly events: EventPublisher,
  ) {}

  async check(rows: MiddleboxRow[], reports: Reports): Promise<void> {
    const allowed = await this.repository.allowed();
    if (allowed.size === 0) return;
    for (const { name: middlebox, desired } of rows) {
      const names = new Map(desired.assignments.map(({ deployment, name }) => [deployment, name]));
      for (const seen of reports.report(middlebox)?.applications ?? []) {
        const name = names.get(seen.deployment);
        const list = name && allowed.get(name);
        if (!name || !list || list.includes(seen.application)) continue;
        if (!(await this.repository.isNew(middlebox, seen))) continue;
        await this.events.publish('middlebox.application', { middlebox, name, ...seen });
      }
    }
  }
}
