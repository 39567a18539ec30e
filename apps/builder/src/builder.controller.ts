// SPDX-License-Identifier: Apache-2.0
import { Bus } from '@l45/bus';
import {
  AddCustomizationRequest,
  type BuildReply,
  BuildRequest,
  type Customization,
  CustomizationRef,
  type CustomizationsReply,
  ENDPOINTS,
  type InverseModule,
  InverseRequest,
  type PreflightReply,
  PreflightRequest,
  type TargetsReply,
} from '@l45/contracts';
import { Controller } from '@nestjs/common';
import { Builds } from './building/builds.js';
import { Preflight } from './building/preflight.js';
import { Catalogue } from './catalogue/catalogue.js';
import { Inverse } from './inverse/inverse.service.js';
import { Kernels } from './kernel/kernels.js';

@Controller()
export class BuilderController {
  constructor(
    private readonly builds: Builds,
    private readonly preflight: Preflight,
    private readonly catalogue: Catalogue,
    private readonly kernels: Kernels,
    private readonly inverse: Inverse,
  ) {}

  @Bus(ENDPOINTS.builder.build)
  build(request: BuildRequest): Promise<BuildReply> {
    return this.builds.build(request);
  }

  @Bus(ENDPOINTS.builder.preflight)
  foresee(request: PreflightRequest): Promise<PreflightReply> {
    return this.preflight.check(request);
  }

  @Bus(ENDPOINTS.builder.customizations)
  async customizations(): Promise<CustomizationsReply> {
    return { customizations: await this.catalogue.list() };
  }

  @Bus(ENDPOINTS.builder.describe)
  async describe({ customization }: CustomizationRef): Promise<Customization> {
    return (await this.catalogue.find(customization)).customization;
  }

  @Bus(ENDPOINTS.builder.add)
  add(request: AddCustomizationRequest): Promise<Customization> {
    return this.catalogue.add(request);
  }

  @Bus(ENDPOINTS.builder.inverse)
  inverseModule(request: InverseRequest): Promise<InverseModule> {
    return this.inverse.module(request);
  }

  @Bus(ENDPOINTS.builder.targets)
  async targets(): Promise<TargetsReply> {
    return { targets: await this.kernels.list() };
  }
}
