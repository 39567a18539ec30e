// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bestAccelerator } from './accelerator.js';
import { Capture } from './capture.js';
import { type Folder, temporaryFolder } from './folder.js';
import { VirtualHost } from './host.js';
import { SharedNetwork } from './network.js';
import { type Prepared, prepareTestbed } from './prepare.js';
import type { Accelerator, Machine } from './qemu.js';

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

  private constructor(
    private readonly prepared: Prepared,
    private readonly folder: Folder,
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
    const testbed = new Testbed(prepared, temporary, network, recorder);
    testbed.results = results;
    return testbed;
  }

  private results = '';

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
    const { name, addresses = [], smp = 1, memoryMb = 512, icount = false, append = '' } = options;
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name)) throw new Error(`not a host name: ${name}`);
    if (this.names.has(name)) throw new Error(`${name} exists already`);
    this.names.add(name);

    const { prepared, folder } = this;
    const machineId = createHash('sha256')
      .update(`${folder.path} ${name}`)
      .digest('hex')
      .slice(0, 32);
    const identity = [
      `l45_host=${name} l45_machine_id=${machineId}`,
      `l45_release=${prepared.release} l45_modules=${prepared.modules}`,
    ];
    const accel = options.accel ?? (await bestAccelerator(prepared));
    const machine: Machine = {
      accel,
      icount,
      smp,
      memoryMb,
      append: [...identity, append].join(' '),
    };
    const number = this.names.size.toString(16).padStart(2, '0');
    const host = new VirtualHost({
      name,
      addresses,
      prepared,
      machine,
      wiring: {
        console: join(this.results, `${name}.console.log`),
        control: join(folder.path, `${name}.control`),
        network: this.network.path,
        mac: `52:54:00:45:00:${number}`,
      },
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
    await Promise.all(this.hosts.map((host) => host.kill()));
    await this.network.close();
    await this.recorder?.close();
    const problems = this.hosts.flatMap((host) =>
      host.kernelProblems().map((problem) => `${host.name}: ${problem}`),
    );
    await this.folder.remove();
    if (problems.length > 0 && !allowKernelProblems) {
      throw new Error(`kernel problems:\n${problems.join('\n\n')}`);
    }
  }
}
