// SPDX-License-Identifier: Apache-2.0
import { Buckets, Loop, validated } from '@l45/bus';
import {
  type AgentProblem,
  ANY_ARCH,
  inverseDigest,
  type InverseModule,
  inverseTarget,
  L45Error,
  MiddleboxDesiredState,
} from '@l45/contracts';
import { inSpan, withTraceparent } from '@l45/telemetry';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { EventEmitter } from 'node:events';
import { machine } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { ArtifactCache } from '../artifacts/artifact-cache.js';
import { Attempts, problemOf } from '../reconcile/problems.js';
import { pauseAfter, RETRY, type RetryTimes } from '../reconcile/reconciler.js';
import { type Signed, Verifier } from '../trust/verifier.js';
import type { InverseType, LocalModule } from './inverse-type.js';
import { MiddleboxConfig } from './middlebox.config.js';

export const INVERSE_TYPES = Symbol('INVERSE_TYPES');

/** How far this middlebox has got. */
export interface LoadProgress {
  /** Revision that was applied last, wholly or with problems; 0: none yet. */
  revision: number;
  /** Identifiers of the deployments that can be read, in all types. */
  assignments: string[];
  problems: AgentProblem[];
}

/** Has loaded, in each type, what the newest desired state assigns to this middlebox. */
@Injectable()
export class InverseLoader implements OnApplicationBootstrap, OnModuleDestroy {
  /** Tells when `progress` is another one, and when a type has loaded something else. */
  readonly events = new EventEmitter<{ progress: []; installed: [string] }>();

  private readonly logger = new Logger(InverseLoader.name);
  private readonly stopped = new AbortController();
  private readonly loop = new Loop(InverseLoader.name, () => this.load());
  private desired?: MiddleboxDesiredState;
  /** What each type has loaded. */
  private readonly installed = new Map<string, unknown>();
  private readonly readable = new Map<string, string[]>();
  private applied: LoadProgress = { revision: 0, assignments: [], problems: [] };
  private failures = 0;
  private timer?: NodeJS.Timeout;

  constructor(
    @Inject(MiddleboxConfig) private readonly config: MiddleboxConfig,
    @Inject(Buckets) private readonly buckets: Buckets,
    @Inject(ArtifactCache) private readonly cache: ArtifactCache,
    @Inject(Verifier) private readonly verifier: Verifier,
    @Inject(INVERSE_TYPES) private readonly types: InverseType[],
    @Inject(RETRY) private readonly retry: RetryTimes,
  ) {}

  get progress(): LoadProgress {
    return this.applied;
  }

  onApplicationBootstrap(): void {
    void this.follow();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopped.abort();
    await this.loop.stop();
    clearTimeout(this.timer);
  }

  private async follow(): Promise<void> {
    const { L45_HOST } = this.config;
    const { signal } = this.stopped;
    for await (const change of this.buckets.middleboxDesired.watch(L45_HOST, signal)) {
      if (change.kind === 'deleted') this.want({ ...nothing(L45_HOST), revision: change.revision });
      if (change.kind === 'put')
        await this.take(change.value).catch((error: unknown) => this.refuse(error));
    }
  }

  private async take(value: MiddleboxDesiredState): Promise<void> {
    this.want(await validated(MiddleboxDesiredState, value));
  }

  private want(desired: MiddleboxDesiredState): void {
    this.desired = desired;
    this.failures = 0;
    this.loop.trigger();
  }

  /** Better the state before than one that is not understood. */
  private refuse(error: unknown): void {
    const problem = problemOf(this.config.L45_HOST, error);
    this.tell({ ...this.applied, problems: [problem] });
  }

  private async load(): Promise<void> {
    const { desired } = this;
    clearTimeout(this.timer);
    if (!desired) return;
    const attributes = { 'l45.middlebox': desired.middlebox, 'l45.revision': desired.revision };
    const problems = await withTraceparent(desired.traceparent, () =>
      inSpan('middlebox load', attributes, () => this.loadAll(desired)),
    );
    this.failures = problems.length ? this.failures + 1 : 0;
    this.tell({ revision: desired.revision, assignments: this.readableInAll(desired), problems });
    if (problems.length === 0) {
      const files = desired.modules.flatMap((module) => module.files);
      await this.cache.keepOnly(files).catch((error: unknown) => this.logger.warn(error));
    }
    this.timer = setTimeout(() => this.loop.trigger(), pauseAfter(this.failures, this.retry));
  }

  private async loadAll(desired: MiddleboxDesiredState): Promise<AgentProblem[]> {
    const attempts = new Attempts();
    for (const type of this.types) {
      await attempts.attempt(type.type, () => this.loadType(type, desired));
    }
    for (const name of desired.types) {
      if (this.types.some(({ type }) => type === name)) continue;
      await attempts.attempt(name, () => Promise.reject(unknownType(name, this.types)));
    }
    return attempts.problems;
  }

  private async loadType(type: InverseType, desired: MiddleboxDesiredState): Promise<void> {
    const modules = desired.modules.filter((module) => module.type === type.type);
    const names = new Set(modules.map(({ customization }) => customization));
    const assignments = desired.assignments.filter(({ customization }) => names.has(customization));
    const wanted = { assignments, modules };
    if (isDeepStrictEqual(this.installed.get(type.type), wanted)) return;
    await type.install(assignments, await Promise.all(modules.map((module) => this.fetch(module))));
    for (const module of modules) await this.verifier.accepted(signedOf(module));
    this.installed.set(type.type, wanted);
    this.readable.set(
      type.type,
      assignments.map(({ deployment }) => deployment),
    );
    this.events.emit('installed', type.type);
  }

  /** What nobody vouches for is not even fetched. */
  private async fetch(module: InverseModule): Promise<LocalModule> {
    await this.verifier.verify(signedOf(module));
    const { signal } = this.stopped;
    const paths = module.files.map((file) => this.cache.fileOf(file, signal));
    return { ...module, paths: await Promise.all(paths) };
  }

  private readableInAll({ types, assignments }: MiddleboxDesiredState): string[] {
    return assignments
      .map(({ deployment }) => deployment)
      .filter((deployment) => types.every((type) => this.readable.get(type)?.includes(deployment)));
  }

  private tell(progress: LoadProgress): void {
    if (isDeepStrictEqual(progress, this.applied)) return;
    for (const { subject, message } of progress.problems) {
      this.logger.warn(`${subject}: ${message}`);
    }
    this.applied = progress;
    this.events.emit('progress');
  }
}

function signedOf({ customization, type, files, signature }: InverseModule): Signed {
  const arch = signature?.target.arch === ANY_ARCH ? ANY_ARCH : machine();
  const target = inverseTarget(type, arch);
  return { name: customization, digest: inverseDigest(files), signature, target };
}

const nothing = (middlebox: string): Omit<MiddleboxDesiredState, 'revision'> => ({
  middlebox,
  types: [],
  modules: [],
  assignments: [],
});

const unknownType = (name: string, types: InverseType[]): L45Error =>
  new L45Error(
    'UNKNOWN_INVERSE',
    `this agent cannot load modules of type ${name}, only ${types.map(({ type }) => type).join(' and ')}`,
  );
