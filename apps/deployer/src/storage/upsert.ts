// SPDX-License-Identifier: Apache-2.0
import type { EntityManager } from 'typeorm';

/**
 * Inserts rows, or replaces those that have the same keys: in one parameter, as rows of a whole
 * fleet in many cost TypeORM and Postgres several times as much.
 */
export async function upsert<Row extends object>(
  manager: EntityManager,
  entity: new () => Row,
  rows: Row[],
  keys: (keyof Row & string)[],
): Promise<void> {
  if (rows.length === 0) return;
  const { tablePath, columns } = manager.connection.getMetadata(entity);
  const table = tablePath.split('.').map(quoted).join('.');
  const records = rows.map((row) =>
    Object.fromEntries(
      columns.map((column) => [column.databaseName, column.getEntityValue(row) ?? null]),
    ),
  );
  const names = (which: typeof columns) => which.map(({ databaseName }) => quoted(databaseName));
  const isKey = ({ propertyName }: (typeof columns)[number]) =>
    keys.some((key) => key === propertyName);
  const replace = names(columns.filter((column) => !isKey(column)))
    .map((name) => `${name} = EXCLUDED.${name}`)
    .join();
  await manager.query(
    `INSERT INTO ${table} (${names(columns).join()})
     SELECT ${names(columns).join()} FROM json_populate_recordset(NULL::${table}, $1)
     ON CONFLICT (${names(columns.filter(isKey)).join()})
     DO ${replace ? `UPDATE SET ${replace}` : 'NOTHING'}`,
    [JSON.stringify(records)],
  );
}

const quoted = (name: string): string => `"${name}"`;
