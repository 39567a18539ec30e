// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import { type Customization, ENDPOINTS, type Target, type TargetPreflight } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { BuildRow } from '../storage/build.entity.js';

/** A build that nobody made yet compiles the core as well. */
const BUILD_TIMEOUT_MS = 120_000;

@Injectable()
export class BuilderGateway {
  constructor(private readonly client: BusClient) {}

  describe(customization: string): Promise<Customization> {
    return this.client.request(ENDPOINTS.builder.describe, { customization });
  }

  async preflight(customization: string, targets: Target[]): Promise<TargetPreflight[]> {
    const request = { customization, targets };
    return (await this.client.request(ENDPOINTS.builder.preflight, request)).targets;
  }

  buildAll(customization: string, targets: Target[]): Promise<BuildRow[]> {
    return Promise.all(targets.map((target) => this.build(customization, target)));
  }

  async build(customization: string, target: Target): Promise<BuildRow> {
    const { artifacts } = await this.client.request(
      ENDPOINTS.builder.build,
      { customization, target },
      { timeoutMs: BUILD_TIMEOUT_MS },
    );
    const { kernelRelease, arch } = target;
    return { customization, kernelRelease, arch, artifacts, problem: null };
  }
}
