// SPDX-License-Identifier: Apache-2.0
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';

/** Postgres takes 65535 parameters a statement. */
const CHUNK = 2_000;

/** Inserts rows, or replaces those that have the same keys. */
export async function upsert<Row extends object>(
  manager: EntityManager,
  entity: new () => Row,
  rows: Row[],
  keys: (keyof Row & string)[],
): Promise<void> {
  // TypeORM's type for rows looks into jsonb columns too, and takes no `unknown` there.
  const values = rows as QueryDeepPartialEntity<Row>[];
  for (let i = 0; i < values.length; i += CHUNK) {
    await manager.upsert(entity, values.slice(i, i + CHUNK), keys);
  }
}
