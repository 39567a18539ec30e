// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import {
  type Artifact,
  ENDPOINTS,
  inverseDigest,
  type InverseModule,
  inverseTarget,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { BuiltModule } from '../building/built-module.entity.js';
import type { Order } from '../building/order.js';

export interface Made {
  order: Order;
  module: BuiltModule;
}

/** Hosts load what the security service vouches for. */
@Injectable()
export class SecurityGateway {
  constructor(private readonly client: BusClient) {}

  /** An inverse module with its signature, over all its files at once. */
  async signInverse(
    { customization, type, files }: InverseModule,
    { version, source, arch }: { version: string; source: string; arch: string },
  ): Promise<InverseModule> {
    const digest = inverseDigest(files);
    const target = inverseTarget(type, arch);
    const { signatures } = await this.client.request(ENDPOINTS.security.sign, {
      artifacts: [{ digest, target, customization, version, source }],
    });
    return { customization, type, files, signature: signatures[0] };
  }

  /** Asked for with every build, as a key or a counter may be another one by then. */
  async sign(made: Made[]): Promise<Artifact[]> {
    const { signatures } = await this.client.request(ENDPOINTS.security.sign, {
      artifacts: made.map(({ order: { name, kernel, version, source }, module: { digest } }) => ({
        digest,
        target: kernel.target,
        customization: name,
        version,
        source,
      })),
    });
    return made.map(({ module: { name, digest, size, srcversion } }, index) => ({
      name,
      digest,
      size,
      srcversion,
      signature: signatures[index],
    }));
  }
}
