// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { type Socket, createServer } from 'node:net';
import { GuestChannel, type SpawnOptions } from './guest-channel.js';
import type { CommandResult, GuestProcess } from './guest-process.js';
import { kernelProblems } from './kernel-log.js';
import { baseArguments, deviceArguments, type Machine, startQemu, type Wiring } from './qemu.js';
import type { Prepared } from './prepare.js';

export interface RunOptions extends SpawnOptions {
  stdin?: string | Buffer;
  /** After that the command is killed and `run` rejects; 60 seconds unless told. */
  timeoutMs?: number;
}

/** @internal */
export interface HostSetup {
  name: string;
  addresses: readonly string[];
  prepared: Prepared;
  machine: Machine;
  wiring: Wiring;
}

const BOOT_TIMEOUT_MS = 120_000;

/**
 * A virtual host: stock Debian kernel, the machine's own files under a writable layer that is lost
 * on `reset`. `eth0` is the network it shares with the other hosts of its testbed, `eth1` leads to
 * the machine's loopback, at `MACHINE_ADDRESS`, and nowhere else.
 */
export class VirtualHost {
  private qemu?: ReturnType<typeof startQemu>;
  private channel?: GuestChannel;

  /** @internal */
  constructor(private readonly setup: HostSetup) {}

  get name(): string {
    return this.setup.name;
  }

  /** Whether the virtual machine is there: a panic ends it. */
  get running(): boolean {
    return this.qemu !== undefined;
  }

  /** Runs a command to its end. Any exit code is a result; only time-out and crash reject. */
  async run(
    file: string,
    args: readonly string[] = [],
    { stdin, timeoutMs = 60_000, ...options }: RunOptions = {},
  ): Promise<CommandResult> {
    const process = this.start(file, args, options);
    if (stdin !== undefined) process.write(stdin);
    process.end();

    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      process.kill('SIGKILL');
    }, timeoutMs);
    const status = await process.wait().finally(() => clearTimeout(timer));
    const stdoutBytes = process.stdoutBytes();
    const result = {
      ...status,
      stdoutBytes,
      stderr: process.stderr(),
      get stdout() {
        return stdoutBytes.toString();
      },
    };
    if (!isLate) return result;
    throw new CommandFailed(this.name, process.command, `${timeoutMs} ms passed`, result);
  }

  /** Runs a shell script that has to succeed; returns what it printed. */
  async sh(script: string, options: RunOptions = {}): Promise<string> {
    const result = await this.run('sh', ['-ec', script], options);
    const { code, signal, stdout } = result;
    if (code !== 0 || signal) {
      throw new CommandFailed(this.name, script, signal ?? `exit code ${code}`, result);
    }
    return stdout;
  }

  /** Starts a process and leaves it running; its standard input stays open until `end()`. */
  async spawn(
    file: string,
    args: readonly string[] = [],
    options: SpawnOptions = {},
  ): Promise<GuestProcess> {
    return this.start(file, args, options);
  }

  async writeFile(path: string, data: string | Buffer, { mode = 0o644 } = {}): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")"; cat >"$1"; chmod "$2" "$1"';
    const args = ['-ec', script, 'sh', path, mode.toString(8)];
    const result = await this.run('sh', args, { stdin: data });
    if (result.code !== 0) throw new CommandFailed(this.name, `write ${path}`, 'failed', result);
  }

  async readFile(path: string): Promise<Buffer> {
    const result = await this.run('cat', ['--', path]);
    if (result.code !== 0) throw new CommandFailed(this.name, `read ${path}`, 'failed', result);
    return result.stdoutBytes;
  }

  /**
   * Makes the host see the machine's files as they are now: what it has read, or missed, before
   * is cached.
   */
  async refresh(): Promise<void> {
    await this.sh('echo 3 >/proc/sys/vm/drop_caches');
  }

  /** Everything the kernel wrote to the console, of every boot. */
  console(): string {
    return readFileSync(this.setup.wiring.console, 'utf8');
  }

  /** Oopses, warnings, lockups and the like that its kernel reported, of every boot. */
  kernelProblems(): string[] {
    return kernelProblems(this.console());
  }

  /** Pulls the plug, and boots again with nothing left of what was written outside `keep`. */
  async reset(): Promise<void> {
    await this.kill();
    await this.boot();
  }

  /** Pulls the plug. `reset` brings the host back. */
  async kill(): Promise<void> {
    this.qemu?.kill('SIGKILL');
    await this.down();
  }

  /** Resolves when the virtual machine has ended, by a panic for example. */
  async down(): Promise<void> {
    await this.qemu;
  }

  /** @internal */
  async boot(): Promise<void> {
    const { prepared, machine, wiring } = this.setup;
    const server = createServer().listen(wiring.control);
    const connected = once(server, 'connection') as Promise<[Socket]>;
    try {
      const args = [...baseArguments(prepared, machine), ...deviceArguments(wiring)];
      const qemu = startQemu(args);
      this.qemu = qemu;
      const ended = qemu.then((result) => {
        const reason = new Error(
          `${this.name} went down\n${result.originalMessage ?? ''}${result.stderr}\n${this.console().slice(-4000)}`,
        );
        this.qemu = undefined;
        this.channel?.fail(reason);
        this.channel = undefined;
        throw reason;
      });
      ended.catch(() => undefined);
      const ready = connected.then(([socket]) => GuestChannel.open(socket));
      this.channel = await inTime(Promise.race([ready, ended]), `${this.name} did not boot`);
    } catch (error) {
      await this.kill();
      throw error;
    } finally {
      server.close();
    }
    await this.configureNetwork();
  }

  private start(file: string, args: readonly string[], options: SpawnOptions): GuestProcess {
    if (!this.channel) throw new Error(`${this.name} is down`);
    return this.channel.spawn(file, args, options);
  }

  private async configureNetwork(): Promise<void> {
    const commands = [
      'link set lo up',
      'link set eth0 up',
      'link set eth1 up',
      'address add 10.0.2.15/24 dev eth1',
      ...this.setup.addresses.map((address) => `address add ${address} dev eth0`),
    ];
    const result = await this.run('ip', ['-batch', '-'], { stdin: commands.join('\n') });
    if (result.code !== 0) throw new CommandFailed(this.name, 'ip -batch', 'failed', result);
  }
}

/** A command in a virtual host that should have succeeded. */
export class CommandFailed extends Error {
  constructor(
    readonly host: string,
    readonly command: string,
    reason: string,
    readonly result: CommandResult,
  ) {
    super(`${host}: ${command}: ${reason}\n${result.stdout}${result.stderr}`);
    this.name = 'CommandFailed';
  }
}

async function inTime<T>(work: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), BOOT_TIMEOUT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
