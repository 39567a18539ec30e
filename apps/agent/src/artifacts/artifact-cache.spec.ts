// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { builtModule } from '../testing/desired.js';
import { ArtifactCache } from './artifact-cache.js';

describe('artifact cache', () => {
  const { bytes, artifact } = builtModule('dns_tag');
  const signal = new AbortController().signal;
  let folder: string;
  let stored: Uint8Array;
  let fetches: number;
  let cache: ArtifactCache;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-cache-'));
    stored = bytes;
    fetches = 0;
    const get = async () => {
      fetches++;
      return stored;
    };
    cache = new ArtifactCache({ L45_HOST: 'client', L45_STATE_DIR: folder }, { get });
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('fetches an artifact once', async () => {
    const file = await cache.fileOf(artifact, signal);
    expect(await readFile(file)).toEqual(bytes);
    expect(await cache.fileOf(artifact, signal)).toBe(file);
    expect(fetches).toBe(1);
  });

  it.each([
    ['corrupt', (file: string) => writeFile(file, Buffer.alloc(bytes.length))],
    ['truncated', (file: string) => truncate(file, 5)],
    ['empty', (file: string) => truncate(file)],
  ])('fetches again what is %s on disk', async (_, damage) => {
    await damage(await cache.fileOf(artifact, signal));
    const file = await cache.fileOf(artifact, signal);
    expect(await readFile(file)).toEqual(bytes);
    expect(fetches).toBe(2);
  });

  it('refuses fetched bytes that do not match, keeps none of them, and fetches again', async () => {
    stored = bytes.subarray(1);
    await expect(cache.fileOf(artifact, signal)).rejects.toMatchObject({ name: 'DIGEST_MISMATCH' });
    expect(await readdir(folder)).toEqual([]);
    stored = bytes;
    expect(await readFile(await cache.fileOf(artifact, signal))).toEqual(bytes);
  });

  it('leaves a fetch that hangs when it is told to', async () => {
    const never = { get: () => new Promise<never>(() => undefined) };
    const hanging = new ArtifactCache({ L45_HOST: 'client', L45_STATE_DIR: folder }, never);
    const abort = new AbortController();
    const file = hanging.fileOf(artifact, abort.signal);
    abort.abort(new Error('superseded'));
    await expect(file).rejects.toThrow('superseded');
  });

  it('begins no fetch whose failure nobody would hear of', async () => {
    const superseded = AbortSignal.abort(new Error('superseded'));
    await expect(cache.fileOf(artifact, superseded)).rejects.toThrow('superseded');
    expect(fetches).toBe(0);
  });

  it('removes what is no longer wanted, and what an interrupted write left', async () => {
    const file = await cache.fileOf(artifact, signal);
    await writeFile(`${file}.4711`, 'half');
    await writeFile(join(folder, 'artifacts', 'other.ko'), 'old');
    await cache.keepOnly([artifact]);
    expect(await readdir(join(folder, 'artifacts'))).toEqual([`${artifact.digest}.ko`]);
  });

  it('has nothing to remove before anything was fetched', async () => {
    await expect(cache.keepOnly([])).resolves.toBeUndefined();
  });
});
