// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore } from '@l45/bus';
import { reconnected, type TestService } from '@l45/bus/testing';
import { type BuildReply, ENDPOINTS, type Target } from '@l45/contracts';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kernels } from '../kernel/kernels.js';
import { moduleInfo } from '../kernel/module-info.js';
import { Laboratory } from '../testing/laboratory.js';
import { tiny } from '../testing/tiny.js';
import { Builds } from './builds.js';
import { Toolchain } from './toolchain.js';

const { add } = ENDPOINTS.builder;
/** A build of the core and a customization, on a machine that does other things as well. */
const BUILD_MS = 300_000;

let laboratory: Laboratory;
let builder: TestService;
let target: Target;
let made: jest.SpiedFunction<Toolchain['make']>;

beforeAll(async () => {
  made = jest.spyOn(Toolchain.prototype, 'make');
  laboratory = await Laboratory.open();
  builder = await laboratory.builder();
  [target = { kernelRelease: 'none is installed', arch: '' }] = await new Kernels().list();
}, 60_000);
afterEach(() => made.mockClear());
afterAll(() => laboratory.close());

/** Asks this very builder: on the bus any of them might answer. */
const ask = (
  customization: string,
  { app }: TestService = builder,
  wanted: Target = target,
): Promise<BuildReply> => app.get(Builds).build({ customization, target: wanted });

/** What was compiled since the test began. */
const compiled = () => made.mock.calls.map(([{ name }]) => name);

describe('a build', () => {
  it(
    'gives the core and the customization as modules that the kernel can load',
    async () => {
      const reply = await ask('dns_tag');
      expect(reply).toMatchObject({ target, cached: false });
      expect(reply.artifacts.map(({ name }) => name)).toEqual(['l45', 'dns_tag']);
      const store = builder.app.get(ArtifactStore);
      const modules = await Promise.all(
        reply.artifacts.map(async ({ digest, size, srcversion }) => {
          const bytes = Buffer.from(await store.get(digest));
          const info = moduleInfo(bytes);
          expect(bytes).toHaveLength(size);
          expect(info.get('srcversion')).toBe(srcversion);
          return info;
        }),
      );
      expect(modules.map((info) => info.get('vermagic'))).toEqual(
        modules.map(() => expect.stringContaining(`${target.kernelRelease} SMP`)),
      );
      expect(modules.map((info) => info.get('name'))).toEqual([
        'l45',
        expect.stringContaining('dns_tag'),
      ]);
      expect(modules[1]?.get('depends')).toBe('l45');
    },
    BUILD_MS,
  );

  it(
    'comes with signatures of exactly what was asked for',
    async () => {
      const { artifacts } = await ask('dns_tag');
      const [core, tag] = artifacts.map(({ signature }) => signature);
      expect(core).toMatchObject({ customization: 'l45', target, digest: artifacts[0]?.digest });
      expect(tag).toMatchObject({
        customization: 'dns_tag',
        version: '1.0.0',
        target,
        digest: artifacts[1]?.digest,
      });
    },
    BUILD_MS,
  );

  it('is answered from the cache the second time', async () => {
    const first = await ask('dns_tag');
    expect(compiled()).toEqual([]);
    expect(first.cached).toBe(true);
    await expect(ask('dns_tag')).resolves.toEqual(first);
  });

  it(
    'that many ask for at once, of two builders, is made once',
    async () => {
      const other = await laboratory.builder();
      await builder.client.request(add, tiny('popular'));
      const replies = await Promise.all(
        [builder, other, builder, other, builder].map((each) => ask('popular', each)),
      );
      expect(compiled()).toEqual(['popular']);
      expect(new Set(replies.map(({ artifacts }) => JSON.stringify(artifacts)))).toHaveProperty(
        'size',
        1,
      );
    },
    BUILD_MS,
  );

  it(
    'is made again, byte for byte, when the object store has lost it',
    async () => {
      const before = await ask('dns_tag');
      const back = reconnected(builder.connection);
      await laboratory.nats.restart({ wipe: true });
      await back;
      const after = await ask('dns_tag');
      expect(compiled()).toEqual(['l45', 'dns_tag']);
      expect(after).toEqual({ ...before, cached: false });
      const store = builder.app.get(ArtifactStore);
      await expect(
        Promise.all(after.artifacts.map(({ digest }) => store.has(digest))),
      ).resolves.toEqual([true, true]);
    },
    BUILD_MS,
  );

  it(
    'follows changes of its sources, and compiles no more than they reach',
    async () => {
      const kernel = await mkdtemp(join(tmpdir(), 'l45-kernel-'));
      await cp('kernel', kernel, { recursive: true });
      const changing = await laboratory.builder({
        L45_KERNEL: kernel,
        L45_CUSTOMIZATIONS: join(kernel, 'customizations'),
      });
      await ask('dns_tag', changing);
      made.mockClear();

      await appendFile(join(kernel, 'customizations/dns_tag/dns_tag.c'), '/* changed */\n');
      await ask('dns_tag', changing);
      expect(compiled()).toEqual(['dns_tag']);

      await appendFile(join(kernel, 'sdk/l45/customization.h'), '/* changed */\n');
      await ask('dns_tag', changing);
      expect(compiled()).toEqual(['dns_tag', 'l45', 'dns_tag']);
      await rm(kernel, { recursive: true });
    },
    BUILD_MS,
  );
});

describe('a build that cannot succeed', () => {
  it('because nobody has such a customization says so', async () => {
    await expect(ask('nothing')).rejects.toMatchObject({ name: 'UNKNOWN_CUSTOMIZATION' });
  });

  it('because of missing headers names the package to install', async () => {
    await expect(
      ask('dns_tag', builder, { ...target, kernelRelease: '6.1.0-1-amd64' }),
    ).rejects.toMatchObject({
      name: 'NO_HEADERS',
      message: expect.stringContaining('apt-get install linux-headers-6.1.0-1-amd64'),
      details: [expect.objectContaining({ package: 'linux-headers-6.1.0-1-amd64' })],
    });
  });

  it('because of a release that is no folder of its own says so', async () => {
    await expect(ask('dns_tag', builder, { ...target, kernelRelease: '..' })).rejects.toMatchObject(
      {
        name: 'NO_HEADERS',
      },
    );
  });

  it('because of its architecture says which one can be built for', async () => {
    await expect(ask('dns_tag', builder, { ...target, arch: 's390x' })).rejects.toMatchObject({
      name: 'UNSUPPORTED_TARGET',
      message: expect.stringContaining(target.arch),
    });
  });

  it(
    'because of its source says file, line, column and message',
    async () => {
      await builder.client.request(add, tiny('wrong', 'return nonsense;'));
      await expect(ask('wrong')).rejects.toMatchObject({
        name: 'COMPILE',
        code: 422,
        message: expect.stringContaining("wrong.c:6: 'nonsense' undeclared"),
        details: [
          { file: 'wrong.c', line: 6, column: 16, message: expect.stringContaining('nonsense') },
        ],
      });
    },
    BUILD_MS,
  );

  it(
    'because it calls what the kernel does not export names the symbol',
    async () => {
      await builder.client.request(
        add,
        tiny('stranger', 'extern void no_such_symbol(void); no_such_symbol();'),
      );
      await expect(ask('stranger')).rejects.toMatchObject({
        name: 'COMPILE',
        details: [{ message: expect.stringContaining('no_such_symbol') }],
      });
    },
    BUILD_MS,
  );

  it(
    'because it reads a file of root says no word of it',
    async () => {
      await builder.client.request(add, tiny('spy', '\n#include "/etc/shadow"\n'));
      await expect(ask('spy')).rejects.toMatchObject({
        name: 'COMPILE',
        details: [{ file: 'spy.c', line: 7, message: '/etc/shadow: Permission denied' }],
      });
    },
    BUILD_MS,
  );

  it(
    'for it takes too long is ended, and leaves nothing behind',
    async () => {
      const hasty = await laboratory.builder({ L45_BUILD_SECONDS: 1 });
      const levels = Array.from({ length: 40 }, (_, n) => `#define M${n + 1} M${n} M${n}`);
      await hasty.client.request(
        add,
        tiny('slow', `\n#define M0 (void)0;\n${levels.join('\n')}\nM40\n`),
      );
      await expect(ask('slow', hasty)).rejects.toMatchObject({
        name: 'COMPILE',
        message: expect.stringContaining('within 1 seconds'),
      });
      const left = (await readdir(tmpdir())).filter((name) =>
        existsSync(join(tmpdir(), name, 'slow')),
      );
      expect(left).toEqual([]);
    },
    BUILD_MS,
  );
});
