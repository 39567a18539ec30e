// SPDX-License-Identifier: Apache-2.0
import { eventually } from '@l45/bus/testing';
import { startPostgres, type PostgresServer } from '@l45/cib/testing';
import { DataSource, type MigrationInterface, type QueryRunner } from 'typeorm';
import { dataSourceOptions, openDataSource, type SchemaOptions } from './data-source.js';
import { migrate, untilMigrated } from './migrations.js';
import { Transactions } from './transactions.js';

class Notes1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE notes.note (id integer PRIMARY KEY, text text NOT NULL)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE notes.note');
  }
}

let postgres: PostgresServer;
const open: DataSource[] = [];

async function replica(schema: Partial<SchemaOptions> = {}, prepare = migrate) {
  const migrations = [Notes1763800000000];
  const options = { schema: 'notes', entities: [], migrations, ...schema };
  const dataSource = await openDataSource(dataSourceOptions(postgres.url, options), prepare);
  open.push(dataSource);
  return dataSource;
}

const count = async (dataSource: DataSource): Promise<number> => {
  const [row] = await dataSource.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM notes.note',
  );
  return row?.count ?? -1;
};

class Books1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE books.book (id integer PRIMARY KEY)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE books.book');
  }
}

class Authors1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE books.book ADD COLUMN author text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE books.book DROP COLUMN author');
  }
}

beforeAll(async () => {
  postgres = await startPostgres();
}, 60_000);
afterEach(async () => {
  await Promise.all(open.splice(0).map((dataSource) => dataSource.destroy()));
});
afterAll(() => postgres.stop());

it('brings the schema up to date once, however many replicas start together', async () => {
  const replicas = await Promise.all([replica(), replica(), replica()]);
  expect(await Promise.all(replicas.map(count))).toEqual([0, 0, 0]);
}, 30_000);

describe('who does not migrate', () => {
  const first = { schema: 'books', migrations: [Books1763800000000] };
  const second = { schema: 'books', migrations: [Books1763800000000, Authors1763900000000] };

  /** Until so many have looked, none of whom went on. */
  const looking = async (waiting: Promise<DataSource>[], other: DataSource): Promise<void> => {
    const wentOn = Promise.race(waiting).then(() => {
      throw new Error('somebody did not wait');
    });
    const looked = eventually(async () => {
      const sessions = await other.query<object[]>(
        `SELECT 1 FROM pg_stat_activity WHERE application_name = 'l45 books' AND query ~ 'tables|migrations'`,
      );
      expect(sessions.length).toBeGreaterThanOrEqual(waiting.length);
    });
    await Promise.race([looked, wentOn]);
  };

  it('waits for whoever does, and makes nothing meanwhile', async () => {
    const other = await replica();
    const waiting = [replica(first, untilMigrated), replica(first, untilMigrated)];
    await looking(waiting, other);
    const books = `SELECT 1 FROM information_schema.schemata WHERE schema_name = 'books'`;
    expect(await other.query(books)).toEqual([]);
    await Promise.all([replica(first), replica(first)]);
    for (const { isInitialized } of await Promise.all(waiting)) expect(isInitialized).toBe(true);
  }, 30_000);

  it('waits for what is newer, and takes what is newer than itself', async () => {
    const waiting = [replica(second, untilMigrated)];
    await looking(waiting, await replica());
    await replica(second);
    await Promise.all(waiting);
    expect((await replica(first, untilMigrated)).isInitialized).toBe(true);
  }, 30_000);
});

it('waits for a database that is not up yet', async () => {
  let waiting: Promise<DataSource> | undefined;
  await postgres.restart(async () => {
    waiting = replica();
  });
  expect((await waiting)?.isInitialized).toBe(true);
}, 30_000);

it('carries a transaction through a restart of the database, and applies it once', async () => {
  const dataSource = await replica();
  const transactions = new Transactions(dataSource);
  let attempts = 0;
  let restarted: Promise<void> | undefined;
  await transactions.run(async (manager) => {
    attempts++;
    await manager.query(`INSERT INTO notes.note VALUES (1, 'once')`);
    if (attempts === 1) await (restarted = postgres.restart());
    await manager.query('SELECT 1');
  });
  await restarted;
  expect(attempts).toBeGreaterThan(1);
  expect(await count(dataSource)).toBe(1);
}, 30_000);

it('lets work with the same turn follow each other, also in another replica', async () => {
  const turns = (await Promise.all([replica(), replica()])).map((one) => new Transactions(one));
  const order: string[] = [];
  await Promise.all(
    turns.map((one, i) =>
      one.exclusively('notes', async (manager) => {
        order.push(`begin ${i}`);
        await manager.query('SELECT pg_sleep(0.05)');
        order.push(`end ${i}`);
      }),
    ),
  );
  expect(order).toEqual(
    order[0] === 'begin 0'
      ? ['begin 0', 'end 0', 'begin 1', 'end 1']
      : ['begin 1', 'end 1', 'begin 0', 'end 0'],
  );
}, 30_000);

it('does not repeat what fails for another reason', async () => {
  const transactions = new Transactions(await replica());
  let attempts = 0;
  const failing = transactions.run(async (manager) => {
    attempts++;
    await manager.query('SELECT * FROM notes.nothing');
  });
  await expect(failing).rejects.toThrow('does not exist');
  expect(attempts).toBe(1);
}, 30_000);
