// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import {
  type Artifact,
  ENDPOINTS,
  linkNames,
  type Target,
  type TargetPreflight,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { type Composition, compose } from '../admission/chain.js';
import { targetKey } from '../rollout/builds.js';
import type { BuildRow } from '../storage/build.entity.js';

/** A build that nobody made yet compiles the core as well. */
const BUILD_TIMEOUT_MS = 120_000;

@Injectable()
export class BuilderGateway {
  constructor(private readonly client: BusClient) {}

  /** A customization or, by the names of its links, a chain. */
  async describe(name: string): Promise<Composition> {
    const links = linkNames(name).map((customization) =>
      this.client.request(ENDPOINTS.builder.describe, { customization }),
    );
    return compose(await Promise.all(links));
  }

  async preflight(name: string, targets: Target[]): Promise<TargetPreflight[]> {
    const links = linkNames(name).map((customization) =>
      this.client.request(ENDPOINTS.builder.preflight, { customization, targets }),
    );
    return together((await Promise.all(links)).map((reply) => reply.targets));
  }

  buildAll(customization: string, targets: Target[]): Promise<BuildRow[]> {
    return Promise.all(targets.map((target) => this.build(customization, target)));
  }

  /** The links of a chain one after the other: all of them need the same core. */
  async build(name: string, target: Target): Promise<BuildRow> {
    const artifacts = new Map<string, Artifact>();
    for (const customization of new Set(linkNames(name))) {
      const built = await this.client.request(
        ENDPOINTS.builder.build,
        { customization, target },
        { timeoutMs: BUILD_TIMEOUT_MS },
      );
      for (const one of built.artifacts) artifacts.set(one.name, artifacts.get(one.name) ?? one);
    }
    const { kernelRelease, arch } = target;
    const all = { artifacts: [...artifacts.values()], problem: null };
    return { customization: name, kernelRelease, arch, ...all };
  }
}

const STATUSES = ['impossible', 'to build', 'cached'] as const;

/** What is foreseen for the links of a chain, target by target. */
function together(links: TargetPreflight[][]): TargetPreflight[] {
  const [first = [], ...others] = links;
  return first.map((one) => {
    const same = others.flatMap((list) =>
      list.filter(({ target }) => targetKey(target) === targetKey(one.target)),
    );
    const all = [one, ...same];
    const modules = new Map(all.flatMap((each) => each.modules.map((two) => [two.name, two])));
    const problem = all.find((each) => each.problem)?.problem;
    return {
      ...one,
      status: STATUSES.find((status) => all.some((each) => each.status === status)) ?? one.status,
      modules: [...modules.values()],
      ...(problem && { problem }),
    };
  });
}
