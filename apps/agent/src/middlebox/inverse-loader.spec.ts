// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore, Buckets } from '@l45/bus';
import { createTestService, type NatsServer, startNats, type TestService } from '@l45/bus/testing';
import {
  ANY_ARCH,
  type Assignment,
  inverseDigest,
  type InverseModule,
  inverseTarget,
  type MiddleboxObservedState,
  type Target,
} from '@l45/contracts';
import { mkdtemp, rm } from 'node:fs/promises';
import { machine, tmpdir } from 'node:os';
import { join } from 'node:path';
import { RETRY } from '../reconcile/reconciler.js';
import { SIGNER, TestSigner } from '../testing/signer.js';
import { INVERSE_TYPES } from './inverse-loader.js';
import type { InverseType } from './inverse-type.js';
import { MiddleboxConfig } from './middlebox.config.js';
import { middleboxModule } from './middlebox.module.js';

jest.setTimeout(60_000);

const DEPLOYMENT = '161ff811-b701-477f-b325-8f36f790cbf1';
const assignment: Assignment = {
  deployment: DEPLOYMENT,
  name: 'tag-dns',
  customization: 'dns_tag',
  params: {},
  priority: 100,
  ends: [],
};

/** Loads whatever it is told to, if it can. */
class FakeType implements InverseType {
  readonly type = 'pcap';
  loaded: string[] = [];
  refusal?: string;

  async install(_: Assignment[], modules: { files: { digest: string }[] }[]): Promise<void> {
    if (this.refusal) throw new Error(this.refusal);
    this.loaded = modules.flatMap(({ files }) => files.map(({ digest }) => digest));
  }
}

let nats: NatsServer;
let control: TestService;
let agent: TestService;
let folder: string;
let type: FakeType;
let revision = 0;

const startAgent = () => {
  const config = Object.assign(new MiddleboxConfig(), {
    L45_HOST: 'tap',
    L45_STATE_DIR: folder,
    L45_TRUSTED_KEYS: JSON.stringify({ keys: [SIGNER.key, EXPIRED.key] }),
  });
  return createTestService(
    { imports: [middleboxModule(config)] },
    {
      url: nats.url,
      customize: (builder) =>
        builder
          .overrideProvider(INVERSE_TYPES)
          .useValue([type])
          .overrideProvider(RETRY)
          .useValue({ firstMs: 20, longestMs: 200 }),
    },
  );
};

const EXPIRED = TestSigner.create({ notAfter: '2020-01-01T00:00:00.000Z' });

beforeEach(async () => {
  revision = 0;
  folder = await mkdtemp(join(tmpdir(), 'l45-tap-'));
  nats = await startNats();
  control = await createTestService({}, { url: nats.url, service: 'builder' });
  type = new FakeType();
  agent = await startAgent();
});
afterEach(async () => {
  await agent.close();
  await control.close();
  await nats.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Signing {
  counter?: number;
  signer?: TestSigner;
  target?: Target;
}

/** A module of bytes, stored and signed. */
async function moduleOf(
  text: string,
  { counter = 1, signer = SIGNER, target = inverseTarget('pcap', machine()) }: Signing = {},
): Promise<InverseModule> {
  const digest = await control.app.get(ArtifactStore).put(Buffer.from(text));
  const files = [{ name: 'dns_tag.so', digest, size: text.length }];
  const statement = { customization: 'dns_tag', version: '1.0.0', counter, target };
  const signature = signer.sign({ ...statement, digest: inverseDigest(files) });
  return { customization: 'dns_tag', type: 'pcap', files, signature };
}

/** What the middlebox says once it has tried that module. */
async function told(module: InverseModule): Promise<MiddleboxObservedState> {
  const { middleboxDesired, middleboxObserved } = control.app.get(Buckets);
  const desired = { types: ['pcap'], modules: [module], assignments: [assignment] };
  await middleboxDesired.put('tap', { middlebox: 'tap', revision: ++revision, ...desired });
  for await (const change of middleboxObserved.watch('tap', AbortSignal.timeout(30_000))) {
    if (change.kind === 'put' && change.value.desiredRevision === revision) return change.value;
  }
  throw new Error(`nothing was said of revision ${revision}`);
}

const digestsOf = ({ files }: InverseModule): string[] => files.map(({ digest }) => digest);

it('a middlebox loads what is signed for it, and says what it can read', async () => {
  const module = await moduleOf('one');
  expect(await told(module)).toMatchObject({ assignments: [DEPLOYMENT], problems: [] });
  expect(type.loaded).toEqual(digestsOf(module));
  const text = await moduleOf('a script', { target: inverseTarget('pcap', ANY_ARCH) });
  expect(await told(text)).toMatchObject({ assignments: [DEPLOYMENT], problems: [] });
});

describe('a middlebox loads nothing, and keeps what it has, when a module', () => {
  let good: InverseModule;
  beforeEach(async () => {
    good = await moduleOf('good', { counter: 2 });
    await told(good);
  });

  it.each<[string, string, (module: InverseModule) => InverseModule | Promise<InverseModule>]>([
    ['is not signed', 'UNSIGNED', (module) => ({ ...module, signature: undefined })],
    [
      'is signed by an unknown key',
      'UNKNOWN_KEY',
      () => moduleOf('bad', { counter: 3, signer: TestSigner.create() }),
    ],
    [
      'is signed by a key that no longer counts',
      'EXPIRED_KEY',
      () => moduleOf('bad', { counter: 3, signer: EXPIRED }),
    ],
    ['is older than one that was loaded', 'OLDER_COUNTER', () => moduleOf('bad', { counter: 1 })],
    [
      'is of another type',
      'WRONG_TARGET',
      () => moduleOf('bad', { counter: 3, target: inverseTarget('wireshark', machine()) }),
    ],
    [
      'is made for a kernel',
      'WRONG_TARGET',
      () => moduleOf('bad', { counter: 3, target: { kernelRelease: '6.1.0', arch: machine() } }),
    ],
    [
      'has another file than what was signed',
      'DIGEST_MISMATCH',
      (module) => ({ ...module, files: [{ name: 'dns_tag.so', digest: 'e'.repeat(64), size: 1 }] }),
    ],
    [
      'has its files under other names',
      'DIGEST_MISMATCH',
      (module) => ({ ...module, files: module.files.map((file) => ({ ...file, name: 'x.so' })) }),
    ],
  ])('%s', async (_, name, change) => {
    const bad = await change(await moduleOf('bad', { counter: 3 }));
    const { assignments, problems } = await told(bad);
    expect(problems).toMatchObject([{ subject: 'pcap', name }]);
    expect(assignments).toEqual([DEPLOYMENT]);
    expect(type.loaded).toEqual(digestsOf(good));
  });

  it('cannot be loaded; and says why', async () => {
    type.refusal = 'libpcap is missing';
    const { assignments, problems } = await told(await moduleOf('bad', { counter: 3 }));
    expect(problems).toMatchObject([{ subject: 'pcap', message: 'libpcap is missing' }]);
    expect(assignments).toEqual([DEPLOYMENT]);
    expect(type.loaded).toEqual(digestsOf(good));
    // It is not accepted either: going back to what there was is no rollback.
    type.refusal = undefined;
    expect(await told(good)).toMatchObject({ problems: [] });
  });

  it('is older, even after a restart', async () => {
    await agent.close();
    agent = await startAgent();
    const { problems } = await told(await moduleOf('bad', { counter: 1 }));
    expect(problems).toMatchObject([{ name: 'OLDER_COUNTER' }]);
  });
});
