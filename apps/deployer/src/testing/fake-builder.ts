// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type BuildReply,
  BuildRequest,
  type Customization,
  CustomizationRef,
  ENDPOINTS,
  L45Error,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';

/** A builder whose binaries are names. */
@Controller()
export class FakeBuilder {
  /** Kernels without headers. */
  readonly unbuildable = new Set<string>();
  builds = 0;

  @Bus(ENDPOINTS.builder.describe)
  describe({ customization }: CustomizationRef): Customization {
    if (customization !== 'dns_tag')
      throw new L45Error('UNKNOWN_CUSTOMIZATION', `there is no customization ${customization}`);
    return {
      name: 'dns_tag',
      version: '1.0.0',
      summary: 'Tags',
      protocol: ['udp', 'tcp'],
      roles: ['client', 'server'],
      parameters: {
        type: 'object',
        properties: {
          app_id: { type: 'string', maxLength: 15, default: '' },
          position: { enum: ['front', 'end'], default: 'front' },
        },
      },
      wire: { signature: 'mark', adds: 32 },
      source: ['dns_tag.c'],
      inverse: [],
      sourceDigest: '0'.repeat(64),
      origin: 'catalogue',
    };
  }

  @Bus(ENDPOINTS.builder.build)
  build({ customization, target }: BuildRequest): BuildReply {
    if (this.unbuildable.has(target.kernelRelease))
      throw new L45Error('NO_HEADERS', `install linux-headers-${target.kernelRelease}`);
    this.builds++;
    const artifact = (name: string) => ({
      name,
      digest: `${name}-${target.kernelRelease}`,
      size: 1,
      srcversion: name,
    });
    return { target, artifacts: [artifact('l45'), artifact(customization)], cached: true };
  }
}
