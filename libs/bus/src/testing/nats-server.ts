// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface NatsServerOptions {
  /** Default: one that is free. */
  port?: number;
  /** Default: a folder of its own, removed with stop(). */
  storeDir?: string;
  /** A configuration file, for users and permissions. */
  config?: string;
}

/** A real nats-server with JetStream, on the loopback. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  /** Stops it as an operator does, and starts it again on its port, with its store or an empty one. */
  restart(options?: { wipe?: boolean }): Promise<void>;
  /** Kills it as a crash does; restart() brings it back. */
  kill(): Promise<void>;
  /** Stops it for good, and removes its store. */
  stop(): Promise<void>;
}

/** Starts a nats-server, and resolves once it takes connections. */
export async function startNats(options: NatsServerOptions = {}): Promise<NatsServer> {
  const storeDir = options.storeDir ?? (await mkdtemp(join(tmpdir(), 'l45-nats-')));
  const start = (port: number) => launch(port, storeDir, options.config);
  let running = await start(options.port ?? -1);
  const { port } = running;
  const end = async (signal: NodeJS.Signals) => {
    if (!running.process.kill(signal)) return;
    await once(running.process, 'exit');
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    async restart({ wipe = false } = {}) {
      await end('SIGTERM');
      if (wipe) await rm(storeDir, { recursive: true, force: true });
      running = await start(port);
    },
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGTERM');
      if (!options.storeDir) await rm(storeDir, { recursive: true, force: true });
    },
  };
}

interface Running {
  process: ChildProcess;
  port: number;
}

async function launch(port: number, storeDir: string, config?: string): Promise<Running> {
  const parameters = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', storeDir];
  // setpriv: it goes when we do, however we end.
  const command = ['--pdeathsig', 'KILL', 'nats-server', ...parameters];
  const server = spawn('setpriv', config ? [...command, '-c', config] : command, {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  let listening = port;
  for await (const line of createInterface({ input: server.stderr })) {
    log += `${line}\n`;
    const [, found] = /client connections on .*:(\d+)/.exec(line) ?? [];
    if (found) listening = Number(found);
    if (line.includes('Server is ready')) {
      server.stderr.resume();
      return { process: server, port: listening };
    }
  }
  throw new Error(`nats-server does not start:\n${log}`);
}
