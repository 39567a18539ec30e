// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore } from '@l45/bus';
import { type Artifact, L45Error } from '@l45/contracts';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentConfig } from '../agent.config.js';
import { readIfThere, writeDurably } from '../durable-file.js';

/** Artifacts on this host's disk, under their digests. Nothing leaves it that is not intact. */
@Injectable()
export class ArtifactCache {
  private readonly logger = new Logger(ArtifactCache.name);
  private readonly folder: string;
  /** What the folder has; undefined: nobody has looked yet. */
  private names?: Set<string>;

  constructor(
    @Inject(AgentConfig) { L45_STATE_DIR }: AgentConfig,
    @Inject(ArtifactStore) private readonly store: Pick<ArtifactStore, 'get'>,
  ) {
    this.folder = join(L45_STATE_DIR, 'artifacts');
  }

  /** A file with the artifact's bytes, fetched if need be, unless the signal aborts. */
  async fileOf(
    { name, digest }: Pick<Artifact, 'name' | 'digest'>,
    signal: AbortSignal,
  ): Promise<string> {
    const file = join(this.folder, fileName(digest));
    const cached = await readIfThere(file);
    if (cached && digestOf(cached) === digest) return file;
    if (cached) this.logger.warn(`${file} (${name}) is corrupt: fetching it again`);
    signal.throwIfAborted();
    const bytes = await orAbort(this.store.get(digest), signal);
    if (digestOf(bytes) !== digest) {
      throw new L45Error('DIGEST_MISMATCH', `${name}: the bytes fetched do not match ${digest}`);
    }
    await writeDurably(file, bytes);
    this.names?.add(fileName(digest));
    return file;
  }

  /** Removes all other artifacts, and what an interrupted write left. */
  async keepOnly(artifacts: Pick<Artifact, 'digest'>[]): Promise<void> {
    const kept = new Set(artifacts.map(({ digest }) => fileName(digest)));
    const names = (this.names ??= new Set(await readdir(this.folder).catch(() => [])));
    const stale = [...names].filter((name) => !kept.has(name));
    await Promise.all(stale.map((name) => rm(join(this.folder, name), { force: true })));
    for (const name of stale) names.delete(name);
  }
}

/** Nobody waits for what is no longer wanted. */
async function orAbort<T>(fetched: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = once(signal, 'abort').then(() => {
    throw signal.reason;
  });
  return Promise.race([fetched, aborted]);
}

const fileName = (digest: string): string => `${digest}.ko`;
const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
