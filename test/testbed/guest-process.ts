// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

/** Frames stay small enough for others to get in between. */
const MAX_WRITE = 1 << 20;

export interface ExitStatus {
  /** Exit code; 0 when a signal ended it. */
  code: number;
  /** The signal that ended it, if one did. */
  signal?: NodeJS.Signals;
}

export interface CommandResult extends ExitStatus {
  stdout: string;
  stderr: string;
  stdoutBytes: Buffer;
}

/** What a process asks of the channel to its host. */
export interface ProcessControl {
  write(data: Buffer): void;
  end(): void;
  signal(number: number): void;
}

/** A process in a virtual host, while it runs and afterwards. */
export class GuestProcess {
  private readonly out: Buffer[] = [];
  private readonly err: Buffer[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly ended: Promise<ExitStatus>;
  private settle: { resolve(status: ExitStatus): void; reject(error: Error): void };
  private isRunning = true;

  constructor(
    /** The command as one would type it, for messages. */
    readonly command: string,
    private readonly control: ProcessControl,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.ended.catch(() => undefined); // whoever waits gets it
  }

  get running(): boolean {
    return this.isRunning;
  }

  /** What it wrote so far. */
  stdout(): string {
    return this.stdoutBytes().toString();
  }

  stdoutBytes(): Buffer {
    return Buffer.concat(this.out);
  }

  stderr(): string {
    return Buffer.concat(this.err).toString();
  }

  write(data: string | Buffer): void {
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length; at += MAX_WRITE) {
      this.control.write(bytes.subarray(at, at + MAX_WRITE));
    }
  }

  /** Ends its standard input. */
  end(): void {
    this.control.end();
  }

  /** Sends a signal to it and to everything it started. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.control.signal(constants.signals[signal]);
  }

  /** Rejects when the host goes down before the process ends. */
  wait(): Promise<ExitStatus> {
    return this.ended;
  }

  /**
   * The first line, of stdout or stderr and of what is written already or will be, that contains
   * or matches `pattern`. Rejects when the process ends without one.
   */
  waitForLine(pattern: string | RegExp, { timeoutMs = 30_000 } = {}): Promise<string> {
    const found = (): string | undefined =>
      [...completeLines(this.stdout()), ...completeLines(this.stderr())].find((line) =>
        typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line),
      );
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.listeners.delete(look);
      };
      const fail = (why: string): void => {
        stop();
        reject(
          new Error(`${this.command}: ${why} ${String(pattern)}\n${this.stdout()}${this.stderr()}`),
        );
      };
      const look = (): void => {
        const line = found();
        if (line !== undefined) {
          stop();
          resolve(line);
        } else if (!this.isRunning) fail('ended without');
      };
      const timer = setTimeout(() => fail('timed out waiting for'), timeoutMs);
      this.listeners.add(look);
      look();
    });
  }

  /** @internal */
  receive(stream: 'stdout' | 'stderr', data: Buffer): void {
    (stream === 'stdout' ? this.out : this.err).push(data);
    for (const look of this.listeners) look();
  }

  /** @internal */
  finish(status: ExitStatus | Error): void {
    this.isRunning = false;
    if (status instanceof Error) this.settle.reject(status);
    else this.settle.resolve(status);
    for (const look of this.listeners) look();
  }
}

function completeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}

export function signalName(number: number): NodeJS.Signals | undefined {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  return names.find((name) => constants.signals[name] === number);
}
