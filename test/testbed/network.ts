// SPDX-License-Identifier: Apache-2.0
import { type Server, type Socket, createServer } from 'node:net';
import { once } from 'node:events';
import { onRecord } from './frames.js';

const LENGTH = 4;
/** A host that takes nothing for so long loses frames, as behind a real switch. */
const QUEUE_LIMIT = 16 << 20;

/**
 * The Ethernet that the hosts of one testbed share: a hub on a unix socket, to which QEMU's
 * `-netdev stream` connects. Nobody else can reach it.
 */
export class SharedNetwork {
  private readonly ports = new Set<Socket>();
  private readonly server: Server;

  private constructor(
    readonly path: string,
    private readonly tap: (frame: Buffer) => void,
  ) {
    this.server = createServer((port) => this.plug(port));
  }

  static async open(path: string, tap: (frame: Buffer) => void): Promise<SharedNetwork> {
    const network = new SharedNetwork(path, tap);
    network.server.listen(path);
    await once(network.server, 'listening');
    return network;
  }

  async close(): Promise<void> {
    for (const port of this.ports) port.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private plug(port: Socket): void {
    this.ports.add(port);
    port.on('close', () => this.ports.delete(port));
    port.on('error', () => port.destroy());
    onRecord(port, LENGTH, (record) => {
      this.tap(record.subarray(LENGTH));
      for (const other of this.ports) {
        if (other !== port && other.writableLength < QUEUE_LIMIT) other.write(record);
      }
    });
  }
}
