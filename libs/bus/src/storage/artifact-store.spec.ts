// SPDX-License-Identifier: Apache-2.0
import { ARTIFACT_BUCKET } from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createHash, randomBytes } from 'node:crypto';
import { type NatsServer, startNats } from '../testing/index.js';
import { ArtifactStore } from './artifact-store.js';

jest.setTimeout(30_000);

describe('ArtifactStore', () => {
  let nats: NatsServer;
  let connection: NatsConnection;
  let store: ArtifactStore;
  const bytes = randomBytes(500_000);
  const digest = createHash('sha256').update(bytes).digest('hex');

  beforeAll(async () => {
    nats = await startNats();
    connection = await connect({ servers: nats.url });
    store = new ArtifactStore(connection, { service: 'builder', description: '' });
  });

  afterAll(async () => {
    await connection.close();
    await nats.stop();
  });

  it('has nothing before there is a bucket', async () => {
    expect(await store.has(digest)).toBe(false);
    await expect(store.get(digest)).rejects.toMatchObject({ name: 'UNKNOWN_ARTIFACT' });
  });

  it('gives back what was put, under its digest', async () => {
    expect(await store.put(bytes)).toBe(digest);
    expect(await store.put(bytes)).toBe(digest);
    expect(await store.has(digest)).toBe(true);
    expect(Buffer.from(await store.get(digest)).equals(bytes)).toBe(true);
  });

  it('does not know other digests', async () => {
    await expect(store.get('0'.repeat(64))).rejects.toMatchObject({ name: 'UNKNOWN_ARTIFACT' });
  });

  it('stores again what has another description', async () => {
    const other = randomBytes(100);
    const name = await store.put(other);
    const encoded = Buffer.from(name).toString('base64');
    const subject = `$O.${ARTIFACT_BUCKET}.M.${encoded.replaceAll('+', '-').replaceAll('/', '_')}`;
    await connection.request(subject, '{"stream":"KV_l45_observed","seq":1}');
    await expect(store.get(name)).rejects.toMatchObject({ name: 'UNKNOWN_ARTIFACT' });
    await store.put(other);
    expect(await store.get(name)).toHaveLength(100);
  });

  it('refuses bytes that somebody stored under a digest that is not theirs', async () => {
    const bucket = await new Objm(connection).open(ARTIFACT_BUCKET);
    await bucket.putBlob({ name: digest }, randomBytes(100));
    await expect(store.get(digest)).rejects.toMatchObject({ name: 'DIGEST_MISMATCH' });
  });

  it.each([
    ['as many', 100],
    ['fewer', 99],
    ['more', 101],
  ])('refuses %s bytes that changed in the store', async (_, length) => {
    const bucket = await new Objm(connection).open(ARTIFACT_BUCKET);
    const other = await store.put(randomBytes(100));
    const info = await bucket.info(other);
    const subject = `$O.${ARTIFACT_BUCKET}.C.${info?.nuid}`;
    const { streams } = await jetstreamManager(connection);
    await streams.purge(`OBJ_${ARTIFACT_BUCKET}`, { filter: subject });
    await connection.request(subject, randomBytes(length));
    await expect(store.get(other)).rejects.toMatchObject({ name: 'DIGEST_MISMATCH' });
  });
});
