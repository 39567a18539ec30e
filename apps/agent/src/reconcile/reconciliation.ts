// SPDX-License-Identifier: Apache-2.0
import {
  type AgentProblem,
  type Artifact,
  type DesiredInstance,
  type DesiredState,
  L45Error,
  linkNames,
} from '@l45/contracts';
import { inSpan } from '@l45/telemetry';
import { resolveInstance, type ResolvedInstance } from '../kernel/desired-instance.js';
import type { KernelInstance } from '../kernel/instance.js';
import { CORE, type KernelGateway } from '../kernel/kernel.gateway.js';
import type { ModuleLoader } from './module-loader.js';
import { inOrderOfRevocation, planInstance } from './plan.js';
import { Attempts } from './problems.js';

export interface Reconciled {
  problems: AgentProblem[];
  /** Whether anything differed. */
  changed: boolean;
}

/** One pass: compares a desired state with the kernel, and changes what differs. */
export class Reconciliation {
  private readonly attempts = new Attempts();
  /** Modules that are not as they should be. */
  private readonly broken = new Set<string>();
  private changed = false;

  constructor(
    private readonly kernel: KernelGateway,
    private readonly modules: ModuleLoader,
    private readonly desired: DesiredState,
    /** Aborts between two steps. */
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Reconciled> {
    await this.revokeUnwanted();
    await this.loadModules();
    await this.setUpInstances();
    await this.unloadUnused();
    return { problems: this.attempts.problems, changed: this.changed };
  }

  private async revokeUnwanted(): Promise<void> {
    const wanted = new Set(this.desired.instances.map(({ id }) => id));
    const unwanted = (await this.kernel.instances()).filter(({ id }) => !wanted.has(id));
    for (const { id } of inOrderOfRevocation(unwanted)) {
      await this.step('instance', id, () => this.delete(id));
    }
  }

  private async loadModules(): Promise<void> {
    for (const artifact of this.desired.artifacts) {
      const isLoaded = await this.step('module', artifact.name, () => this.load(artifact));
      if (!isLoaded) this.broken.add(artifact.name);
    }
  }

  private async load(artifact: Artifact): Promise<void> {
    if (this.broken.has(CORE)) throw missing(CORE);
    if (await this.modules.ensure(artifact, this.signal)) this.changed = true;
  }

  private async setUpInstances(): Promise<void> {
    const actual = new Map((await this.kernel.instances()).map((found) => [found.id, found]));
    for (const desired of this.desired.instances) {
      await this.step('instance', desired.id, () => this.setUp(desired, actual.get(desired.id)));
    }
  }

  private async setUp(desired: DesiredInstance, actual?: KernelInstance): Promise<void> {
    const instance = resolveInstance(desired);
    const { id } = instance;
    const plan = planInstance(instance, actual);
    switch (plan.kind) {
      case 'create':
        return this.create(instance);
      case 'set':
        this.changed = true;
        return this.kernel.setInstance(id, plan.settings);
      case 'delete':
        return this.delete(id);
      case 'replace':
        await this.delete(id);
        return this.create(instance);
    }
  }

  private async create(instance: ResolvedInstance): Promise<void> {
    const broken = linkNames(instance.customization).find((name) => this.broken.has(name));
    if (broken) throw missing(broken);
    this.changed = true;
    await this.kernel.newInstance(instance);
  }

  private async delete(id: string): Promise<void> {
    this.changed = true;
    await this.kernel.deleteInstance(id);
  }

  private async unloadUnused(): Promise<void> {
    for (const name of await this.modules.unused(this.desired.artifacts)) {
      await this.step('module', name, () => this.modules.unload(name));
      this.changed = true;
    }
  }

  private step(
    kind: 'instance' | 'module',
    subject: string,
    run: () => Promise<void>,
  ): Promise<boolean> {
    this.signal.throwIfAborted();
    const attributes = { 'l45.host': this.desired.host, [`l45.${kind}`]: subject };
    return this.attempts.attempt(subject, () => inSpan(`agent ${kind}`, attributes, run));
  }
}

const missing = (name: string): L45Error =>
  new L45Error('KERNEL', `needs ${name}, which could not be loaded as it should be`);
