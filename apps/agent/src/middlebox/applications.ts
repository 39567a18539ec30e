// SPDX-License-Identifier: Apache-2.0
import type { SeenApplication } from '@l45/contracts';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { InverseLoader } from './inverse-loader.js';
import { MiddleboxConfig } from './middlebox.config.js';
import { WiresharkType } from './wireshark.js';

const FIELDS = [
  'frame.time_epoch',
  'ip.src',
  'ipv6.src',
  'l45.deployment',
  'l45.app_id',
  'dns.qry.name',
];
/** Of those seen last. */
const KEPT = 256;
const RESTART_MS = 1_000;

/** Reads the capture through the Wireshark inverse, and counts which applications sent what. */
@Injectable()
export class Applications implements OnApplicationBootstrap, OnModuleDestroy {
  readonly events = new EventEmitter<{ seen: [] }>();

  private readonly logger = new Logger(Applications.name);
  private readonly seen = new Map<string, SeenApplication>();
  private reading: ChildProcess[] = [];
  private restart?: NodeJS.Timeout;
  private isStopped = false;

  constructor(
    @Inject(MiddleboxConfig) private readonly config: MiddleboxConfig,
    @Inject(WiresharkType) private readonly wireshark: WiresharkType,
    @Inject(InverseLoader) private readonly loader: InverseLoader,
  ) {}

  list(): SeenApplication[] {
    return [...this.seen.values()];
  }

  onApplicationBootstrap(): void {
    if (this.config.L45_CAPTURE === undefined) return;
    this.loader.events.on('installed', (type) => {
      if (type === this.wireshark.type) this.read(this.config.L45_CAPTURE ?? '');
    });
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    this.stop();
  }

  /** From the beginning, with the modules as they are now. */
  private read(capture: string): void {
    this.stop();
    this.seen.clear();
    const parameters = [
      ...['-l', '-n', '-Y', 'l45.app_id'],
      ...['-X', `lua_script:${this.wireshark.entry}`, '-X', 'lua_script1:watch'],
      ...['-T', 'fields', '-E', 'occurrence=f', ...FIELDS.flatMap((field) => ['-e', field])],
    ];
    // Without the user's own plugins, where the same file may be.
    const env = { ...process.env, HOME: this.config.L45_STATE_DIR };
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    const tshark = this.start('tshark', [...parameters, '-r', this.follow(capture)], {
      env,
      stdio: [...stdio],
    });
    if (tshark.stdout) {
      createInterface({ input: tshark.stdout }).on('line', (line) => this.take(line));
    }
  }

  /**
   * Where a capture is read as it grows: tshark takes a named pipe, but not the sockets of Node, and
   * would fill the disk with what it captures itself.
   */
  private follow(capture: string): string {
    const pipe = join(this.config.L45_STATE_DIR, 'capture.fifo');
    rmSync(pipe, { force: true });
    execFileSync('mkfifo', ['-m', '600', pipe]);
    // For reading too, since it would wait for a reader otherwise.
    const out = openSync(pipe, constants.O_RDWR);
    const [program, ...parameters] = capture.startsWith('/')
      ? ['tail', '-c', '+1', '-F', capture]
      : ['dumpcap', '-q', '-i', capture, '-w', '-'];
    this.start(program, parameters, { stdio: ['ignore', out, 'ignore'] });
    closeSync(out);
    return pipe;
  }

  private start(
    program: string,
    parameters: string[],
    options: Parameters<typeof spawn>[2],
  ): ChildProcess {
    const child = spawn(program, parameters, options);
    this.reading.push(child);
    const ended = (reason: unknown) => {
      if (this.isStopped || !this.reading.includes(child)) return;
      this.logger.warn(`${program} ended (${String(reason)}): starting it again`);
      clearTimeout(this.restart);
      this.restart = setTimeout(() => this.read(this.config.L45_CAPTURE ?? ''), RESTART_MS);
    };
    return child.on('error', ended).on('exit', ended);
  }

  private stop(): void {
    clearTimeout(this.restart);
    for (const child of this.reading.splice(0)) child.kill();
  }

  private take(line: string): void {
    const [time = '', ip4, ip6, deployment = '', application = '', query] = line.split('\t');
    if (!deployment) return;
    const source = ip4 || ip6 || '';
    const key = [deployment, application, source].join(' ');
    const count = (this.seen.get(key)?.count ?? 0) + 1;
    // The one seen last is the last one.
    this.seen.delete(key);
    this.seen.set(key, {
      deployment,
      application,
      source,
      count,
      ...(query && { query }),
      lastSeen: new Date(Number(time) * 1_000).toISOString(),
    });
    const [oldest] = this.seen.keys();
    if (this.seen.size > KEPT && oldest !== undefined) this.seen.delete(oldest);
    this.events.emit('seen');
  }
}
