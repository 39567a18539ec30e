// SPDX-License-Identifier: Apache-2.0
import type { Artifact } from '@l45/contracts';
import { Logger } from '@nestjs/common';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentUnderTest } from '../testing/agent-under-test.js';
import {
  type BuiltModule,
  builtModule,
  CORE_MODULE,
  desiredInstance,
  desiredState,
  TAG_MODULE,
} from '../testing/desired.js';
import { FakeKernel } from '../testing/fake-kernel.js';
import { SIGNER, TestSigner } from '../testing/signer.js';
import { askLoader } from './loader-client.js';
import { LoaderConfig } from './loader.config.js';
import { serveLoader } from './loader-server.js';
import { Loader } from './loader.js';

jest.setTimeout(60_000);

let folder: string;
let config: LoaderConfig;
let kernel: FakeKernel;
let server: Server;

/** As after a start of its process, and a boot of the kernel. */
async function start(booted = new FakeKernel()): Promise<void> {
  server?.close();
  kernel = booted;
  const loader = new Loader(config, kernel);
  await loader.restore();
  server = await serveLoader(config.L45_LOADER, loader);
}

const load = async ({ bytes, artifact }: BuiltModule, keys = [SIGNER.key]): Promise<void> => {
  await writeFile(join(config.L45_ARTIFACTS, `${artifact.digest}.ko`), bytes);
  await askLoader(config.L45_LOADER, 'load', { artifact, keys });
};
const unsigned = ({ bytes, artifact }: BuiltModule): BuiltModule => ({
  bytes,
  artifact: { ...artifact, signature: undefined },
});

beforeEach(async () => {
  jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  folder = await mkdtemp(join(tmpdir(), 'l45-loader-'));
  config = Object.assign(new LoaderConfig(), {
    L45_LOADER: join(folder, 'run/loader.sock'),
    L45_STATE_DIR: join(folder, 'loader'),
    L45_ARTIFACTS: join(folder, 'artifacts'),
  });
  await mkdir(config.L45_ARTIFACTS);
  await start();
});
afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

describe('the loader', () => {
  it('loads what somebody trusted signed, and nothing else', async () => {
    await load(CORE_MODULE);
    await expect(load(unsigned(TAG_MODULE))).rejects.toThrow('has no signature');
    const other = { bytes: Buffer.from('something else'), artifact: TAG_MODULE.artifact };
    await expect(load(other)).rejects.toMatchObject({ name: 'DIGEST_MISMATCH' });
    await load(TAG_MODULE);
    expect(kernel.changes).toEqual(['load l45', 'load dns_tag']);
  });

  it('trusts no key that comes later, whoever names it', async () => {
    await load(CORE_MODULE);
    const stranger = TestSigner.create();
    const module = builtModule('dns_tag', 'dns_tag-1', {}, stranger);
    await expect(load(module, [stranger.key])).rejects.toMatchObject({ name: 'UNKNOWN_KEY' });
    await start();
    await expect(load(module, [stranger.key])).rejects.toMatchObject({ name: 'UNKNOWN_KEY' });
  });

  it('loads nothing older than it has accepted', async () => {
    await load(CORE_MODULE);
    await load(builtModule('dns_tag', 'dns_tag-2', { counter: 2 }));
    await start();
    await load(CORE_MODULE);
    await expect(load(TAG_MODULE)).rejects.toMatchObject({ name: 'OLDER_COUNTER' });
  });

  it('keeps the core, and loads it when it starts again', async () => {
    await load(CORE_MODULE);
    await load(TAG_MODULE);
    const kept = await readdir(join(config.L45_STATE_DIR, 'artifacts'));
    expect(kept).toEqual([`${CORE_MODULE.artifact.digest}.ko`]);
    await rm(config.L45_ARTIFACTS, { recursive: true });
    await start();
    expect(kernel.changes).toEqual(['load l45']);
    await start(kernel);
    expect(kernel.changes).toEqual(['load l45']);
  });

  it('goes on without a core that it has not, or not for this kernel', async () => {
    expect(kernel.changes).toEqual([]);
    const target = { kernelRelease: '5.10.0', arch: 'x86_64' };
    const { artifact } = builtModule('l45', 'l45-1', { target });
    await mkdir(config.L45_STATE_DIR, { recursive: true });
    await writeFile(join(config.L45_STATE_DIR, 'core.json'), JSON.stringify(artifact));
    await start();
    expect(kernel.changes).toEqual([]);
    await load(CORE_MODULE);
    expect(kernel.changes).toEqual(['load l45']);
  });

  it('takes no names that are none', async () => {
    const asked = askLoader(config.L45_LOADER, 'unload', { name: '../core' });
    await expect(asked).rejects.toMatchObject({ name: 'VALIDATION' });
    const artifact = { name: 'dns_tag' } as Artifact;
    const told = askLoader(config.L45_LOADER, 'load', { artifact, keys: [] });
    await expect(told).rejects.toMatchObject({ name: 'VALIDATION' });
  });
});

describe('an agent with a loader', () => {
  let agent: AgentUnderTest;

  beforeEach(async () => {
    agent = await AgentUnderTest.create(kernel);
    config.L45_ARTIFACTS = join(agent.folder, 'artifacts');
    agent.loader = config.L45_LOADER;
    for (const { bytes } of [CORE_MODULE, TAG_MODULE]) await agent.artifacts.put(bytes);
  });
  afterEach(() => agent.close());

  it('has it load and unload', async () => {
    await agent.start();
    const instance = desiredInstance();
    await agent.want(desiredState(1, [instance]));
    await agent.applied(1);
    await agent.want(desiredState(2, [], [CORE_MODULE.artifact]));
    await agent.applied(2);
    expect(kernel.changes).toEqual([
      'load l45',
      'load dns_tag',
      `new ${instance.id}`,
      `delete ${instance.id}`,
      'unload dns_tag',
    ]);
    expect(await readdir(join(config.L45_STATE_DIR, 'artifacts'))).toHaveLength(1);
  });

  it('says so while it is away, and goes on when it is back', async () => {
    server.close();
    await agent.start();
    await agent.want(desiredState(1, []));
    const { problems } = await agent.reported((state) => state.problems.length > 0);
    expect(problems[0]).toMatchObject({
      subject: 'l45',
      name: 'KERNEL',
      message: expect.stringContaining('does not answer (L45_LOADER)'),
    });
    server = await serveLoader(config.L45_LOADER, new Loader(config, kernel));
    await agent.applied(1);
    expect(kernel.changes).toEqual(['load l45', 'load dns_tag']);
  });
});
