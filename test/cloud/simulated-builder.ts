// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, Bus, BusClient } from '@l45/bus';
import {
  ANY_ARCH,
  type BuildReply,
  BuildRequest,
  type Customization,
  CustomizationRef,
  type CustomizationsReply,
  Empty,
  ENDPOINTS,
  inverseDigest,
  type InverseModule,
  InverseRequest,
  inverseTarget,
  type Target,
} from '@l45/contracts';
import { Controller, Inject, Optional } from '@nestjs/common';
import { fakeModule } from '../../apps/agent/src/testing/fake-kernel.js';
import { type Module, RealModules } from './real-modules.js';

export const CUSTOMIZATIONS = ['dns_tag', 'app_id', 'stream_tag'] as const;
export const INVERSE_TYPE = 'pcap';
const VERSION = '1.0.0';
const SOURCE = '0'.repeat(64);
/** As large as the real ones: the core, and a customization. */
const SIZES = { core: 290_000, customization: 10_000 };

const described = (name: string): Customization => ({
  name,
  version: VERSION,
  summary: 'Simulated',
  protocol: ['udp', 'tcp'],
  roles: ['client', 'server'],
  parameters: { type: 'object', properties: {} },
  wire: { signature: 'mark', adds: 32 },
  source: [`${name}.c`],
  inverse: [{ type: INVERSE_TYPE }],
  sourceDigest: SOURCE,
  origin: 'catalogue',
});

/** Has what hosts and middleboxes load, simulated and virtual ones, signed by the security service. */
@Controller()
export class SimulatedBuilder {
  constructor(
    @Inject(ArtifactStore) private readonly store: ArtifactStore,
    @Inject(BusClient) private readonly client: BusClient,
    @Optional() private readonly real?: RealModules,
  ) {}

  @Bus(ENDPOINTS.builder.customizations)
  customizations(_request: Empty): CustomizationsReply {
    return { customizations: CUSTOMIZATIONS.map(described) };
  }

  @Bus(ENDPOINTS.builder.describe)
  describe({ customization }: CustomizationRef): Customization {
    return described(customization);
  }

  @Bus(ENDPOINTS.builder.build)
  async build({ customization, target }: BuildRequest): Promise<BuildReply> {
    const modules = await Promise.all(
      ['l45', customization].map((name) => this.#stored(name, target)),
    );
    const artifacts = modules.map(({ name, digest }) => artifact(name, digest, target));
    const { signatures } = await this.client.request(ENDPOINTS.security.sign, { artifacts });
    return {
      target,
      artifacts: modules.map((module, i) => ({ ...module, signature: signatures[i] })),
      cached: true,
    };
  }

  @Bus(ENDPOINTS.builder.inverse)
  async inverse({ customization, type }: InverseRequest): Promise<InverseModule> {
    const name = `${customization}.${type}`;
    const bytes = Buffer.from(name);
    const file = { name, digest: await this.store.put(bytes), size: bytes.length };
    const digest = inverseDigest([file]);
    const target = inverseTarget(type, ANY_ARCH);
    const { signatures } = await this.client.request(ENDPOINTS.security.sign, {
      artifacts: [artifact(customization, digest, target)],
    });
    return { customization, type, files: [file], signature: signatures[0] };
  }

  async #stored(name: string, target: Target) {
    const module = (await this.real?.find(name, target)) ?? simulated(name);
    const { bytes, srcversion } = module;
    return { name, srcversion, size: bytes.length, digest: await this.store.put(bytes) };
  }
}

function simulated(name: string): Module {
  const srcversion = `${name}-1`;
  const size = name === 'l45' ? SIZES.core : SIZES.customization;
  return {
    name,
    srcversion,
    bytes: Buffer.concat([fakeModule(name, srcversion), Buffer.alloc(size)]),
  };
}

const artifact = (customization: string, digest: string, target: Target) => ({
  digest,
  target,
  customization,
  version: VERSION,
  source: SOURCE,
});
