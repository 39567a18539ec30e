// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bestAccelerator } from './accelerator.js';
import { Capture } from './capture.js';
import { type Folder, temporaryFolder } from './folder.js';
import { VirtualHost } from './host.js';
import { SharedNetwork } from './network.js';
import { type Prepared, prepareTestbed } from './prepare.js';
import type { Accelerator, Machine, Wiring } from './qemu.js';

/** Where a virtual host reaches the loopback of the machine it runs on, NATS for example. */
export const MACHINE_ADDRESS = '10.0.2.2';

export interface TestbedOptions {
  /** Record what the hosts say to each other. */
  capture?: boolean;
  /** Keep console logs and the capture here, instead of in a folder that is removed. */
  folder?: string;
}

export interface HostOptions {
  /** The host name; unique in its testbed. */
  name: string;
  /** On the shared network, with prefix lengths: `10.45.0.1/24`, `fd45::1/64`. */
  addresses?: readonly string[];
  /** Processors; 1 unless told. */
  smp?: number;
  /** 512 unless told. */
  memoryMb?: number;
  /** A folder that outlives `reset`, as one on a disk would: `/var/lib/layer45`. */
  keep?: string;
  /** Instead of the best that works here. */
  accel?: Accelerator;
  /** 1 instruction = 1 virtual ns, on one processor: for measuring cost. */
  icount?: boolean;
  /** More kernel command line. */
  append?: string;
}

/** Virtual hosts on a network of their own. Nothing of it outlives the process that made it. */
export class Testbed {
  private readonly hosts: VirtualHost[] = [];
  private readonly names = new Set<string>();
  private ended?: Promise<string[]>;

  private constructor(
    private readonly prepared: Prepared,
    private readonly folder: Folder,
    private readonly results: string,
    private readonly network: SharedNetwork,
    private readonly recorder?: Capture,
  ) {}

  static async create({ capture = false, folder }: TestbedOptions = {}): Promise<Testbed> {
    const prepared = await prepareTestbed();
    const temporary = await temporaryFolder();
    const results = folder ?? temporary.path;
    await mkdir(results, { recursive: true });
    const recorder = capture ? new Capture(join(results, 'network.pcap')) : undefined;
    const network = await SharedNetwork.open(join(temporary.path, 'network'), (frame) =>
      recorder?.record(frame),
    );
    return new Testbed(prepared, temporary, results, network, recorder);
  }

  /** The release of the kernel that the hosts run; modules are built for it. */
  get kernelRelease(): string {
    return this.prepared.release;
  }

  /** Packets on the shared network; throws unless asked for at creation. */
  get capture(): Capture {
    if (!this.recorder) throw new Error('this testbed was created without capture: true');
    return this.recorder;
  }

  /** Boots a host; several may be started at once. */
  async startHost(options: HostOptions): Promise<VirtualHost> {
    const { name } = options;
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) throw new Error(`not a host name: ${name}`);
    if (this.names.has(name)) throw new Error(`${name} exists already`);
    const number = this.names.add(name).size;

    const host = new VirtualHost({
      name,
      addresses: options.addresses ?? [],
      prepared: this.prepared,
      machine: await this.machine(options),
      wiring: await this.wiring(options, number),
    });
    this.hosts.push(host);
    await host.boot();
    return host;
  }

  /**
   * Ends everything. Throws if a kernel had something to complain about, so that no test passes
   * on a broken kernel.
   */
  async close({ allowKernelProblems = false } = {}): Promise<void> {
    this.ended ??= this.end();
    const problems = await this.ended;
    if (problems.length > 0 && !allowKernelProblems) {
      throw new Error(`kernel problems:\n${problems.join('\n\n')}`);
    }
  }

  private async end(): Promise<string[]> {
    await Promise.all(this.hosts.map((host) => host.kill()));
    await this.network.close();
    await this.recorder?.close();
    const problems = this.hosts.flatMap((host) =>
      host.kernelProblems().map((problem) => `${host.name}: ${problem}`),
    );
    await this.folder.remove();
    return problems;
  }

  private async machine(options: HostOptions): Promise<Machine> {
    const { name, accel, icount = false, keep = '', append = '' } = options;
    const { prepared, folder } = this;
    const machineId = createHash('sha256').update(`${folder.path} ${name}`).digest('hex');
    const parameters = {
      host: name,
      machine_id: machineId.slice(0, 32),
      release: prepared.release,
      modules: prepared.modules,
      keep,
    };
    const words = Object.entries(parameters).map(([key, value]) => `l45_${key}=${value}`);
    return {
      accel: accel ?? (await bestAccelerator(prepared)),
      icount,
      smp: options.smp ?? 1,
      memoryMb: options.memoryMb ?? 512,
      append: [...words, append].join(' '),
    };
  }

  private async wiring({ name, keep }: HostOptions, number: number): Promise<Wiring> {
    const kept = join(this.folder.path, `${name}.keep`);
    if (keep) await mkdir(kept);
    const console = join(this.results, `${name}.console.log`);
    await writeFile(console, ''); // not that of an earlier run
    return {
      console,
      control: join(this.folder.path, `${name}.control`),
      network: this.network.path,
      mac: `52:54:00:45:00:${number.toString(16).padStart(2, '0')}`,
      keep: keep && kept,
    };
  }
}
