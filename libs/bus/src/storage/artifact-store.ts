// SPDX-License-Identifier: Apache-2.0
import { ARTIFACT_BUCKET, L45Error } from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { jetstreamManager, StorageType } from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm } from '@nats-io/obj';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { createHash } from 'node:crypto';
import { BUS_OPTIONS, type BusOptions, inboxPrefix } from '../bus.options.js';
import { NATS } from '../connection.js';
import { ensuring, isMissing } from './ensure.js';
import { quietJetstream } from './jetstream.js';

const STREAM = `OBJ_${ARTIFACT_BUCKET}`;

/** Artifacts, under the SHA-256 digest (hex) of their bytes. */
@Injectable()
export class ArtifactStore {
  readonly #objm: Objm;
  readonly #connection: NatsConnection;

  constructor(@Inject(NATS) connection: NatsConnection, @Inject(BUS_OPTIONS) options: BusOptions) {
    this.#objm = new Objm(quietJetstream(connection, inboxPrefix(options)));
    this.#connection = connection;
  }

  /** Stores bytes, once, and returns their digest. */
  async put(bytes: Uint8Array): Promise<string> {
    const name = digestOf(bytes);
    if (await this.has(name)) return name;
    await ensuring(
      () => this.#objm.create(ARTIFACT_BUCKET, { storage: StorageType.File }),
      async () => (await this.#open()).putBlob({ name }, bytes),
    );
    return name;
  }

  /**
   * The bytes; UNKNOWN_ARTIFACT without them, DIGEST_MISMATCH if they are not what was put, TIMEOUT
   * if the store does not answer.
   */
  async get(digest: string): Promise<Uint8Array> {
    const bytes = await this.#getBlob(digest).catch(explain);
    if (!bytes) {
      throw new L45Error('UNKNOWN_ARTIFACT', `no artifact ${digest} is stored: build it again`);
    }
    if (digestOf(bytes) !== digest) throw mismatch(digest);
    return bytes;
  }

  async has(digest: string): Promise<boolean> {
    return (await this.#info(digest)) !== null;
  }

  async #getBlob(digest: string): Promise<Uint8Array | null> {
    const info = await this.#info(digest);
    return info && this.#chunks(info);
  }

  /** What somebody had the NATS server write in its place is no description: it is missing. */
  async #info(digest: string): Promise<ObjectInfo | null> {
    const info = await this.#orMissing(async () => (await this.#open()).info(digest));
    return info?.name === digest && !info.deleted ? info : null;
  }

  /**
   * Chunk by chunk, each a request of its own with a time limit: one that is lost is known to be,
   * where a consumer would leave us waiting for its heartbeat.
   */
  async #chunks({ nuid, size }: ObjectInfo): Promise<Uint8Array> {
    const { direct } = await jetstreamManager(this.#connection, { checkAPI: false });
    const subject = `$O.${ARTIFACT_BUCKET}.C.${nuid}`;
    const bytes = new Uint8Array(size);
    let [length, seq] = [0, 0];
    while (length < size) {
      const chunk = await direct.getMessage(STREAM, { seq: seq + 1, next_by_subj: subject });
      if (!chunk || chunk.data.length > size - length) break;
      bytes.set(chunk.data, length);
      length += chunk.data.length;
      seq = chunk.seq;
    }
    return bytes.subarray(0, length);
  }

  async #orMissing<T>(read: () => Promise<T | null>): Promise<T | null> {
    try {
      return await read();
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }

  #open(): Promise<ObjectStore> {
    return this.#objm.open(ARTIFACT_BUCKET, false);
  }
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const mismatch = (digest: string): L45Error =>
  new L45Error('DIGEST_MISMATCH', `the stored bytes are not those of ${digest}: build it again`);

function explain(cause: unknown): never {
  if (!(cause instanceof errors.TimeoutError)) throw cause;
  const message = 'the artifact store does not answer: see whether JetStream is healthy';
  throw new L45Error('TIMEOUT', message, undefined, { cause });
}
