// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, Bus } from '@l45/bus';
import {
  type BuildReply,
  BuildRequest,
  type Customization,
  CustomizationRef,
  ENDPOINTS,
} from '@l45/contracts';
import { Controller, Inject } from '@nestjs/common';
import { builtModule } from '../../apps/agent/src/testing/desired.js';

export const CUSTOMIZATIONS = ['dns_tag', 'app_id', 'stream_tag'] as const;

/** A builder of modules that simulated kernels load. */
@Controller()
export class SigningBuilder {
  constructor(@Inject(ArtifactStore) private readonly store: ArtifactStore) {}

  @Bus(ENDPOINTS.builder.describe)
  describe({ customization }: CustomizationRef): Customization {
    return {
      name: customization,
      version: '1.0.0',
      summary: 'Simulated',
      protocol: ['udp', 'tcp'],
      roles: ['client', 'server'],
      parameters: { type: 'object', properties: {} },
      wire: { signature: 'mark', adds: 32 },
      source: [`${customization}.c`],
      inverse: [],
      sourceDigest: '0'.repeat(64),
      origin: 'catalogue',
    };
  }

  @Bus(ENDPOINTS.builder.build)
  async build({ customization, target }: BuildRequest): Promise<BuildReply> {
    const modules = ['l45', customization].map((name) => builtModule(name));
    for (const { bytes } of modules) await this.store.put(bytes);
    return { target, artifacts: modules.map(({ artifact }) => artifact), cached: true };
  }
}
