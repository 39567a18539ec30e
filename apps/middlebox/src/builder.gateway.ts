// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import { type Customization, ENDPOINTS, type InverseModule } from '@l45/contracts';
import { Injectable } from '@nestjs/common';

/** A module is a compilation away. */
const BUILD_MS = 120_000;

@Injectable()
export class BuilderGateway {
  constructor(private readonly client: BusClient) {}

  async customizations(): Promise<Customization[]> {
    return (await this.client.request(ENDPOINTS.builder.customizations, {})).customizations;
  }

  inverse(customization: string, type: string): Promise<InverseModule> {
    const request = { customization, type };
    return this.client.request(ENDPOINTS.builder.inverse, request, { timeoutMs: BUILD_MS });
  }
}
