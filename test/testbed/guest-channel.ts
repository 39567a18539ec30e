// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';
import { type Frame, ToGuest, ToTest, onFrame, writeFrame } from './frames.js';
import { GuestProcess, signalName } from './guest-process.js';

export interface SpawnOptions {
  cwd?: string;
  /** Added to the environment; PATH is the machine's own. */
  env?: Record<string, string>;
}

/** The test's end of the line to guest/guestd.c. */
export class GuestChannel {
  private readonly processes = new Map<number, GuestProcess>();
  private lastId = 0;
  private down?: Error;

  private constructor(private readonly socket: Socket) {}

  /** Resolves when the guest's daemon reports that it is there. */
  static open(socket: Socket): Promise<GuestChannel> {
    const channel = new GuestChannel(socket);
    socket.on('error', () => undefined); // a host that goes down is noticed by its QEMU's end
    return new Promise((resolve) => {
      onFrame(socket, (frame) => {
        if (frame.type === ToTest.ready) resolve(channel);
        else channel.receive(frame);
      });
    });
  }

  spawn(
    file: string,
    args: readonly string[],
    { cwd = '/', env = {} }: SpawnOptions,
  ): GuestProcess {
    if (this.down) throw this.down;
    const id = ++this.lastId;
    const send = (type: number, payload: Buffer = Buffer.alloc(0)): void => {
      if (!this.down) writeFrame(this.socket, { id, type, payload });
    };
    const process = new GuestProcess([file, ...args].join(' '), {
      write: (data) => send(ToGuest.stdin, data),
      end: () => send(ToGuest.stdinEnd),
      signal: (number) => send(ToGuest.signal, Buffer.of(number)),
    });
    this.processes.set(id, process);

    const variables = Object.entries({ ...defaultEnvironment(), ...env });
    const strings = [
      cwd,
      String(args.length + 1),
      file,
      ...args,
      ...variables.map((v) => v.join('=')),
    ];
    send(ToGuest.exec, Buffer.from(strings.map((s) => `${s}\0`).join('')));
    return process;
  }

  /** The host is gone: everything that ran on it is, too. */
  fail(reason: Error): void {
    this.down ??= reason;
    for (const process of this.processes.values()) process.finish(reason);
    this.processes.clear();
  }

  private receive({ id, type, payload }: Frame): void {
    const process = this.processes.get(id); // a daemon's late output has none
    if (type === ToTest.stdout) process?.receive('stdout', payload);
    if (type === ToTest.stderr) process?.receive('stderr', payload);
    if (type === ToTest.exit) {
      this.processes.delete(id);
      process?.finish({ code: payload.readUInt8(0), signal: signalName(payload.readUInt8(1)) });
    }
  }
}

function defaultEnvironment(): Record<string, string> {
  const sbin = '/usr/local/sbin:/usr/sbin:/sbin';
  return {
    PATH: `${process.env['PATH'] ?? '/usr/bin:/bin'}:${sbin}`,
    HOME: '/root',
    LANG: 'C.UTF-8',
  };
}
