// SPDX-License-Identifier: Apache-2.0
import {
  type AgentProblem,
  type Artifact,
  type ArtifactStatement,
  ENDPOINTS,
  type TrustedKeys,
} from '@l45/contracts';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentUnderTest } from '../testing/agent-under-test.js';
import { type BuiltModule, builtModule, CORE_MODULE, desiredState } from '../testing/desired.js';
import { SIGNER, TestSigner } from '../testing/signer.js';

jest.setTimeout(60_000);

let agent: AgentUnderTest;

beforeEach(async () => {
  agent = await AgentUnderTest.create();
  await agent.artifacts.put(CORE_MODULE.bytes);
});
afterEach(() => agent.close());

let revision = 0;
async function want(artifact: Artifact): Promise<number> {
  await agent.want(desiredState(++revision, [], [CORE_MODULE.artifact, artifact]));
  return revision;
}

/** What the agent says of a module that it was told to load, and did not. */
async function refused({ bytes, artifact }: BuiltModule): Promise<AgentProblem | undefined> {
  await agent.artifacts.put(bytes);
  const wanted = await want(artifact);
  const { core, customizations, problems } = await agent.reported(
    ({ desiredRevision }) => desiredRevision === wanted,
  );
  const present = [core, ...customizations].map((module) => module?.srcversion);
  expect(present).not.toContain(artifact.srcversion);
  return problems[0];
}

async function loaded({ bytes, artifact }: BuiltModule): Promise<void> {
  await agent.artifacts.put(bytes);
  await agent.applied(await want(artifact));
  expect(agent.kernel.changes.at(-1)).toBe(`load ${artifact.name}`);
}

const tag = (statement?: Partial<ArtifactStatement>, signer?: TestSigner) =>
  builtModule('dns_tag', `dns_tag-${JSON.stringify(statement)}`, statement, signer);

describe('an agent loads nothing', () => {
  beforeEach(() => agent.start());

  it('that is not signed', async () => {
    const { bytes, artifact } = tag();
    const problem = await refused({ bytes, artifact: { ...artifact, signature: undefined } });
    expect(problem).toMatchObject({ subject: 'dns_tag', name: 'UNSIGNED' });
  });

  it('that an unknown key signed', async () => {
    const stranger = TestSigner.create();
    expect(await refused(tag({}, stranger))).toMatchObject({
      name: 'UNKNOWN_KEY',
      message: expect.stringContaining(stranger.key.id),
    });
  });

  it.each<[string, string, Partial<ArtifactStatement>]>([
    ['another customization', 'WRONG_CUSTOMIZATION', { customization: 'null' }],
    ['another kernel', 'WRONG_TARGET', { target: { kernelRelease: '5.10.0', arch: 'x86_64' } }],
    ['other bytes', 'DIGEST_MISMATCH', { digest: CORE_MODULE.artifact.digest }],
  ])('that is signed as %s', async (_, name, statement) => {
    expect(await refused(tag(statement))).toMatchObject({ subject: 'dns_tag', name });
  });

  it('whose statement was changed after it was signed', async () => {
    const { bytes, artifact } = tag();
    const { signature } = artifact;
    if (!signature) throw new Error('unsigned');
    const changed = { ...artifact, signature: { ...signature, counter: 99 } };
    expect(await refused({ bytes, artifact: changed })).toMatchObject({ name: 'BAD_SIGNATURE' });
  });

  it('older than what it accepted before, even after a restart', async () => {
    await loaded(tag({ counter: 5 }));
    await loaded(tag({ counter: 6 }));
    await agent.stop();
    agent.kernel.reset();
    await agent.start();
    const older = tag({ counter: 5 });
    expect(await refused(older)).toMatchObject({
      name: 'OLDER_COUNTER',
      message: expect.stringContaining(older.artifact.digest),
    });
    // The order to go back is a new counter.
    await loaded(tag({ counter: 7 }));
  });
});

describe('the keys that an operator gives', () => {
  const validity = (key: TestSigner) => JSON.stringify({ keys: [SIGNER.key, key.key] });

  it.each([
    ['no longer counts', TestSigner.create({ notAfter: '2020-01-01T00:00:00.000Z' })],
    ['does not count yet', TestSigner.create({ notBefore: '2199-01-01T00:00:00.000Z' })],
  ])('a key that %s opens nothing', async (_, signer) => {
    agent.trustedKeys = validity(signer);
    await agent.start();
    expect(await refused(tag({}, signer))).toMatchObject({ name: 'EXPIRED_KEY' });
  });

  it('may be several, in a file', async () => {
    const other = TestSigner.create();
    agent.trustedKeys = join(agent.folder, 'keys.json');
    await writeFile(agent.trustedKeys, validity(other));
    await agent.start();
    await loaded(tag({}, other));
    await loaded(tag({ counter: 2 }));
    expect(agent.kernel.changes).toEqual([
      'load l45',
      'load dns_tag',
      'unload dns_tag',
      'load dns_tag',
    ]);
  });

  it('that cannot be read are a problem, not a reason to trust anybody', async () => {
    agent.trustedKeys = '/nowhere/keys.json';
    await agent.start();
    expect(await refused(CORE_MODULE)).toMatchObject({
      name: 'UNKNOWN_KEY',
      message: expect.stringContaining('/nowhere/keys.json'),
    });
  });
});

describe('without them, an agent', () => {
  let offered: TrustedKeys;
  const offer = (...signers: TestSigner[]) => {
    offered = { keys: signers.map(({ key }) => key) };
  };

  beforeEach(() => {
    agent.trustedKeys = undefined;
    offer(SIGNER);
    agent.connection.subscribe(ENDPOINTS.security.keys.subject, {
      callback: (_, message) => void message.respond(JSON.stringify(offered)),
    });
  });

  it('keeps the first it hears of, and follows to those that they vouch for', async () => {
    await agent.start();
    await loaded(tag());
    const successor = SIGNER.successor();
    offer(SIGNER, successor);
    await loaded(tag({ counter: 2 }, successor));
    const stored = JSON.parse(await readFile(join(agent.folder, 'trusted-keys.json'), 'utf8'));
    expect(stored).toEqual({ keys: [SIGNER.key, successor.key] });
  });

  it('follows nobody else, even after a restart', async () => {
    await agent.start();
    await loaded(tag());
    await agent.stop();
    const stranger = TestSigner.create();
    offer(stranger);
    await agent.start();
    expect(await refused(tag({ counter: 2 }, stranger))).toMatchObject({ name: 'UNKNOWN_KEY' });
  });
});
