// SPDX-License-Identifier: Apache-2.0
import type { BuildReply, BuildRequest } from '@l45/contracts';
import { Transactions } from '@l45/cib';
import { counter, durations, inSpan } from '@l45/telemetry';
import { Injectable, Logger } from '@nestjs/common';
import { BuilderConfig } from '../builder.config.js';
import { Catalogue } from '../catalogue/catalogue.js';
import { CoreSources } from '../kernel/core-sources.js';
import { Kernels } from '../kernel/kernels.js';
import { SecurityGateway } from '../signing/security.gateway.js';
import type { BuiltModule } from './built-module.entity.js';
import { BuiltModules } from './built-modules.js';
import { coreOrder, customizationOrder, type Order } from './order.js';
import { Slots } from './slots.js';
import { Toolchain } from './toolchain.js';

interface Obtained {
  module: BuiltModule;
  cached: boolean;
}

interface Foreseen {
  name: string;
  cached: boolean;
}

/** Builds modules, each once, however often and by however many replicas it is asked for. */
@Injectable()
export class Builds {
  readonly #logger = new Logger(Builds.name);
  readonly #requests = counter(
    'l45.builds',
    'Builds that were asked for, by whether one was there',
  );
  readonly #durations = durations('l45.build.duration', 'To compile and store one module');
  readonly #slots: Slots;
  readonly #running = new Map<string, Promise<Obtained>>();

  constructor(
    config: BuilderConfig,
    private readonly catalogue: Catalogue,
    private readonly kernels: Kernels,
    private readonly coreSources: CoreSources,
    private readonly toolchain: Toolchain,
    private readonly builtModules: BuiltModules,
    private readonly transactions: Transactions,
    private readonly security: SecurityGateway,
  ) {
    this.#slots = new Slots(config.L45_BUILD_JOBS);
  }

  async build({ customization, target }: BuildRequest): Promise<BuildReply> {
    const source = await this.catalogue.find(customization);
    const kernel = await this.kernels.find(target);
    const compiler = await this.toolchain.version(kernel.compiler);
    const coreOrdered = coreOrder(kernel, compiler, await this.coreSources.read());
    const core = await this.#obtain(coreOrdered);
    const ownOrdered = customizationOrder(coreOrdered, core.module, source);
    const own = await this.#obtain(ownOrdered);
    const cached = core.cached && own.cached;
    this.#requests.add(1, { 'l45.customization': customization, 'l45.cached': cached });
    return {
      target: kernel.target,
      artifacts: await this.security.sign([
        { order: coreOrdered, module: core.module },
        { order: ownOrdered, module: own.module },
      ]),
      cached,
    };
  }

  /** The modules that a build would need, and whether each is there; throws what a build would. */
  async foresee({ customization, target }: BuildRequest): Promise<Foreseen[]> {
    const source = await this.catalogue.find(customization);
    const kernel = await this.kernels.find(target);
    const compiler = await this.toolchain.version(kernel.compiler);
    const coreOrdered = coreOrder(kernel, compiler, await this.coreSources.read());
    const core = await this.builtModules.find(coreOrdered.key);
    // What the core's symbols are, only a built one tells.
    const own =
      core && (await this.builtModules.find(customizationOrder(coreOrdered, core, source).key));
    return [
      { name: coreOrdered.name, cached: core !== undefined },
      { name: customization, cached: own !== undefined },
    ];
  }

  async #obtain(order: Order): Promise<Obtained> {
    const module = await this.builtModules.find(order.key);
    if (module) return { module, cached: true };
    return this.#running.get(order.key) ?? this.#start(order);
  }

  #start(order: Order): Promise<Obtained> {
    const running = this.#inTurn(order).finally(() => this.#running.delete(order.key));
    this.#running.set(order.key, running);
    return running;
  }

  /** The slot comes first, so that whoever waits for one holds no database connection. */
  #inTurn(order: Order): Promise<Obtained> {
    return this.#slots.run(() =>
      this.transactions.exclusively(`build ${order.key}`, async () => {
        const module = await this.builtModules.find(order.key);
        if (module) return { module, cached: true };
        const attributes = {
          'l45.module': order.name,
          'l45.target': order.kernel.target.kernelRelease,
        };
        return {
          module: await inSpan('builder make', attributes, () => this.#make(order)),
          cached: false,
        };
      }),
    );
  }

  async #make(order: Order): Promise<BuiltModule> {
    const { name, kernel } = order;
    const started = performance.now();
    const { module, symbols } = await this.toolchain.make(order);
    const built = await this.builtModules.save(order, module, symbols);
    const ms = Math.round(performance.now() - started);
    this.#durations.record(ms / 1_000, { 'l45.customization': name });
    this.#logger.log('built', { name, ...kernel.target, digest: built.digest, ms });
    return built;
  }
}
