// SPDX-License-Identifier: Apache-2.0
import { connect, type NatsConnection } from '@nats-io/transport-node';

const TIMEOUT_MS = 60_000;

/** What NATS alone needs to bring bytes to many clients and an answer back from each. */
export class Floor {
  private constructor(
    private readonly publisher: NatsConnection,
    private readonly clients: NatsConnection[],
  ) {}

  static async connect(servers: string, count: number): Promise<Floor> {
    const connections = Array.from({ length: count }, () => connect({ servers }));
    const floor = new Floor(await connect({ servers }), await Promise.all(connections));
    for (const [i, client] of floor.clients.entries()) {
      client.subscribe(`floor.${i}`, {
        callback: (_error, message) => void message.respond(new Uint8Array(message.json<number>())),
      });
    }
    await Promise.all(floor.clients.map((client) => client.flush()));
    return floor;
  }

  /** Milliseconds for `down` bytes to each of the first `count`, and `up` bytes from each. */
  async measure(count: number, down: number, up: number): Promise<number> {
    const payload = new TextEncoder().encode(String(up).padEnd(down));
    const started = performance.now();
    await Promise.all(
      this.clients
        .slice(0, count)
        .map((_, i) => this.publisher.request(`floor.${i}`, payload, { timeout: TIMEOUT_MS })),
    );
    return performance.now() - started;
  }

  async close(): Promise<void> {
    await Promise.all([this.publisher, ...this.clients].map((client) => client.close()));
  }
}
