// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import { Sealer } from '@l45/cib';
import { ENDPOINTS, hostKeyContext, sealFor } from '@l45/contracts';
import { Injectable } from '@nestjs/common';

/**
 * The key of each host and boot, derived from the master key: there is nothing to store, to lose
 * or to rotate but that one, and a host has another with every boot.
 */
@Injectable()
export class HostKeys {
  constructor(
    private readonly client: BusClient,
    private readonly sealer: Sealer,
  ) {}

  of(host: string, bootId: string): Buffer {
    return this.sealer.derive(hostKeyContext(host, bootId));
  }

  /** Only who may answer as the agent of that host gets it. */
  async deliver(host: string, timeoutMs: number): Promise<void> {
    const to = { host, timeoutMs };
    const { bootId, publicKey } = await this.client.request(ENDPOINTS.agent.exchange, {}, to);
    const sealed = sealFor(publicKey, this.of(host, bootId), hostKeyContext(host, bootId));
    await this.client.request(ENDPOINTS.agent.key, { sealed }, to);
  }
}
