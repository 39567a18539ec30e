// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import { type EntityManager, LessThanOrEqual } from 'typeorm';
import { ScheduleRow } from './schedule.entity.js';
import { upsert } from './upsert.js';

@Injectable()
export class SchedulesRepository {
  all(manager: EntityManager): Promise<ScheduleRow[]> {
    return manager.find(ScheduleRow, { order: { name: 'ASC' } });
  }

  /** Those whose time has come. */
  due(manager: EntityManager): Promise<ScheduleRow[]> {
    return manager.findBy(ScheduleRow, { nextAt: LessThanOrEqual(new Date()) });
  }

  named(manager: EntityManager, name: string): Promise<ScheduleRow | null> {
    return manager.findOneBy(ScheduleRow, { name });
  }

  save(manager: EntityManager, schedule: ScheduleRow): Promise<void> {
    return upsert(manager, ScheduleRow, [schedule], ['name']);
  }

  async delete(manager: EntityManager, { name }: ScheduleRow): Promise<void> {
    await manager.delete(ScheduleRow, { name });
  }
}
