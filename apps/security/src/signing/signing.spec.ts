// SPDX-License-Identifier: Apache-2.0
import type { TestService } from '@l45/bus/testing';
import {
  type ArtifactSignature,
  type BuiltArtifact,
  ENDPOINTS,
  isSignedBy,
  publicKeyOf,
  type TrustedKey,
  withSuccessors,
} from '@l45/contracts';
import { createHash } from 'node:crypto';
import { DataSource } from 'typeorm';
import { Laboratory } from '../testing/laboratory.js';
import { Signer } from './signer.js';

const { keys, rollback, rotate, sign } = ENDPOINTS.security;
const target = { kernelRelease: '6.1.0-44-amd64', arch: 'x86_64' };
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');

const built = (source: string, change: Partial<BuiltArtifact> = {}): BuiltArtifact => ({
  digest: digestOf(`module of ${source}`),
  target,
  customization: 'dns_tag',
  version: '1.0.0',
  source: digestOf(source),
  ...change,
});

let laboratory: Laboratory;
let security: TestService;
let replica: TestService;

beforeAll(async () => {
  laboratory = await Laboratory.open();
  security = await laboratory.security();
  replica = await laboratory.security();
}, 60_000);
afterAll(() => laboratory.close());

async function signed(...artifacts: BuiltArtifact[]): Promise<ArtifactSignature[]> {
  return (await security.client.request(sign, { artifacts })).signatures;
}
const one = async (artifact: BuiltArtifact): Promise<ArtifactSignature> => {
  const [signature] = await signed(artifact);
  if (!signature) throw new Error('no signature');
  return signature;
};
const trusted = async (): Promise<TrustedKey[]> => (await security.client.request(keys, {})).keys;
const keyNamed = (list: TrustedKey[], id: string): TrustedKey => {
  const found = list.find((key) => key.id === id);
  if (!found) throw new Error(`no key ${id}`);
  return found;
};

describe('a signature', () => {
  it('is of the present key, over every part of the statement', async () => {
    const signature = await one(built('first'));
    const key = publicKeyOf(keyNamed(await trusted(), signature.key));
    expect(isSignedBy(signature, key)).toBe(true);
    const forged: Partial<ArtifactSignature>[] = [
      { digest: digestOf('other') },
      { target: { ...target, kernelRelease: '6.1.0-45-amd64' } },
      { target: { ...target, arch: 'aarch64' } },
      { customization: 'null' },
      { version: '1.0.1' },
      { counter: signature.counter + 1 },
    ];
    for (const change of forged) expect(isSignedBy({ ...signature, ...change }, key)).toBe(false);
  });

  it('of the same artifact is the same, from whichever replica', async () => {
    const artifact = built('same');
    const answers = await Promise.all(
      [security, replica, security, replica].map(({ app }) => app.get(Signer).sign([artifact])),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });
});

describe('the counter', () => {
  const of = (source: string, change: Partial<BuiltArtifact> = {}) =>
    built(source, { customization: 'counted', ...change });

  it('is one for all builds of a source, and grows with the next source', async () => {
    const [a, otherTarget, b] = await signed(
      of('a'),
      of('a', { digest: digestOf('a for another'), target: { ...target, kernelRelease: '6.1.1' } }),
      of('b'),
    );
    expect(otherTarget?.counter).toBe(a?.counter);
    expect(b?.counter).toBe((a?.counter ?? 0) + 1);
  });

  it('of an old source stays old, until a rollback is ordered', async () => {
    const [a, b] = await signed(of('a'), of('b'));
    expect(a?.counter).toBeLessThan(b?.counter ?? 0);
    const ordered = await security.client.request(rollback, { digest: of('a').digest });
    expect(ordered).toEqual({ customization: 'counted', counter: (b?.counter ?? 0) + 1 });
    expect(await one(of('a'))).toMatchObject({ counter: ordered.counter });
    // Ordered again, it is the newest already.
    await expect(security.client.request(rollback, { digest: of('a').digest })).resolves.toEqual(
      ordered,
    );
  });

  it('is given once, however many ask at the same time', async () => {
    const sources = ['p', 'q', 'r', 's'].map((source) => built(source, { customization: 'race' }));
    const answers = await Promise.all(
      sources.flatMap((artifact) =>
        [security, replica].map(({ app }) => app.get(Signer).sign([artifact])),
      ),
    );
    const counters = answers.flat().map(({ counter }) => counter);
    expect([...new Set(counters)].toSorted()).toEqual([1, 2, 3, 4]);
  });

  it('cannot be renewed of what was never signed', async () => {
    await expect(
      security.client.request(rollback, { digest: digestOf('never') }),
    ).rejects.toMatchObject({ name: 'UNKNOWN_ARTIFACT', code: 404 });
  });
});

describe('a new key', () => {
  it('is vouched for by the one before, which counts for the overlap', async () => {
    const before = await trusted();
    const old = before.at(-1);
    const after = (await security.client.request(rotate, { overlap: 60 })).keys;
    const young = after.at(-1);
    expect(after).toHaveLength(before.length + 1);
    const end = Date.parse(keyNamed(after, old?.id ?? '').notAfter ?? '');
    expect(end - Date.now()).toBeGreaterThan(50_000);
    expect(end - Date.now()).toBeLessThanOrEqual(60_000);
    expect(await one(built('first'))).toMatchObject({ key: young?.id });
    // Whoever trusts the first key alone gets to the last.
    expect(withSuccessors(before.slice(0, 1), after).map(({ id }) => id)).toEqual(
      after.map(({ id }) => id),
    );
  });

  it('that nobody trusted vouches for is not followed', async () => {
    const list = await trusted();
    const [first] = list;
    const last = list.at(-1);
    if (!first || !last) throw new Error('no keys');
    const stranger = { ...last, endorsement: undefined };
    expect(withSuccessors([first], [stranger])).toHaveLength(1);
    const forged = { ...last, id: '0'.repeat(16) };
    expect(withSuccessors([first], [forged])).toHaveLength(1);
  });
});

it('private keys are nowhere in the database', async () => {
  const source = security.app.get(DataSource);
  const rows = await source.query<{ privateKey: Buffer }[]>(
    'SELECT "privateKey" FROM security.signing_key',
  );
  expect(rows.length).toBeGreaterThan(0);
  // What a PKCS #8 Ed25519 key begins with.
  for (const { privateKey } of rows)
    expect(privateKey.includes(Buffer.from('302e020100300506032b6570', 'hex'))).toBe(false);
});

it('another master key opens nothing, and the error says so', async () => {
  const stranger = await laboratory.security('0'.repeat(64));
  await expect(stranger.app.get(Signer).sign([built('first')])).rejects.toThrow('L45_MASTER_KEY');
});
