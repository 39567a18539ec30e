// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Service } from '../stack/index.js';
import type { Fleet } from './fleet.js';

/** Of the network that the hosts share. */
const PREFIXES = ['10.45.0.0/24', 'fd45::/64'];

/** A middlebox that sees what the hosts of a fleet say to each other: an agent, and its folder. */
export class Tap {
  static readonly NAME = 'tap';

  private constructor(
    private readonly fleet: Fleet,
    private readonly agent: Service,
    private readonly folder: string,
    /** The capture that it reads along. */
    readonly capture: string,
  ) {}

  /** Registered with the middlebox service; its agent waits for `start()`. */
  static async register(fleet: Fleet, types: string[]): Promise<Tap> {
    const folder = await mkdtemp(join(tmpdir(), 'l45-tap-'));
    const capture = fleet.testbed.capture.file;
    const environment = {
      NATS_URL: fleet.stack.nats.url,
      L45_ROLE: 'middlebox',
      L45_HOST: Tap.NAME,
      L45_STATE_DIR: folder,
      L45_WIRESHARK_PLUGINS: join(folder, 'plugins'),
      L45_CAPTURE: capture,
    };
    await fleet.stack.ask('l45.middlebox.register', {
      middlebox: Tap.NAME,
      types,
      sees: { prefixes: PREFIXES },
    });
    const agent = new Service('agent', environment, fleet.stack.logs);
    return new Tap(fleet, agent, folder, capture);
  }

  /** Lua script of Wireshark; there while something is assigned. */
  get plugin(): string {
    return join(this.folder, 'plugins/layer45.lua');
  }

  /** The filter of captures and its instances; there while something is assigned. */
  get filter(): [program: string, instances: string] {
    return [join(this.folder, 'pcap/l45-pcap'), join(this.folder, 'pcap/instances')];
  }

  start(): void {
    this.agent.start();
  }

  /** Unregistered, as deployments would wait for it else. */
  async stop(): Promise<void> {
    await this.fleet.stack.ask('l45.middlebox.unregister', { middlebox: Tap.NAME });
    await this.agent.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
