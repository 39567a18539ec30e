// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  type BuildReply,
  BuildRequest,
  type Customization,
  CustomizationRef,
  ENDPOINTS,
  L45Error,
  type PreflightReply,
  PreflightRequest,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';

const entry = (
  name: string,
  signature: Customization['wire']['signature'],
  properties: object,
  framed = false,
): Customization => ({
  name,
  version: '1.0.0',
  summary: 'A fake',
  protocol: ['udp', 'tcp'],
  roles: ['client', 'server'],
  parameters: { type: 'object', properties },
  wire: { signature, adds: 32, framed },
  source: [`${name}.c`],
  inverse: [],
  sourceDigest: '0'.repeat(64),
  origin: 'catalogue',
});

const CATALOGUE = [
  entry('dns_tag', 'mark', {
    app_id: { type: 'string', maxLength: 15, default: '' },
    position: { enum: ['front', 'end'], default: 'front' },
  }),
  entry('dns_compress', 'short', {}),
  entry('xor_dialect', 'mark', { key: { type: 'string', contentEncoding: 'base16' } }, true),
];

/** A builder whose binaries are names. */
@Controller()
export class FakeBuilder {
  /** Kernels without headers. */
  readonly unbuildable = new Set<string>();
  builds = 0;

  @Bus(ENDPOINTS.builder.describe)
  describe({ customization }: CustomizationRef): Customization {
    const found = CATALOGUE.find(({ name }) => name === customization);
    if (found) return found;
    throw new L45Error('UNKNOWN_CUSTOMIZATION', `there is no customization ${customization}`);
  }

  @Bus(ENDPOINTS.builder.preflight)
  preflight({ customization, targets = [] }: PreflightRequest): PreflightReply {
    const modules = ['l45', customization].map((name) => ({ name, cached: false }));
    return {
      customization,
      targets: targets.map((target) =>
        this.unbuildable.has(target.kernelRelease)
          ? {
              target,
              hosts: [],
              status: 'impossible',
              modules: [],
              problem: { name: 'NO_HEADERS', message: 'no headers' },
            }
          : { target, hosts: [], status: 'to build', modules },
      ),
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
