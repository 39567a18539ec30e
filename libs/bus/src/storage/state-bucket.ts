// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { JetStreamApiCodes, JetStreamApiError, StorageType } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { ensuring } from './ensure.js';
import { quietJetstream } from './jetstream.js';
import { type StateChange, watchStates } from './watch.js';

export interface StateBucketOptions {
  /** Whether a missing bucket is created, or waited for. */
  create: boolean;
  /** Of the connection, when it isn't NATS' own. */
  inboxPrefix?: string;
}

/** A KV bucket of JSON values, of which only the newest revision is kept. */
export class StateBucket<T> {
  readonly #kvm: Kvm;

  constructor(
    private readonly connection: NatsConnection,
    readonly name: string,
    private readonly options: StateBucketOptions,
  ) {
    this.#kvm = new Kvm(quietJetstream(connection, options.inboxPrefix));
  }

  /**
   * Stores a value, returns its revision. With an expected revision (0: no value) it throws
   * CONFLICT if the key has another.
   */
  async put(key: string, value: T, expectedRevision?: number): Promise<number> {
    try {
      return await this.#ensuring((kv) =>
        kv.put(key, JSON.stringify(value), { previousSeq: expectedRevision }),
      );
    } catch (error) {
      if (!isConflict(error)) throw error;
      throw new L45Error('CONFLICT', `${this.name}/${key} was changed meanwhile: read it again`);
    }
  }

  async delete(key: string): Promise<void> {
    await this.#ensuring((kv) => kv.delete(key));
  }

  /**
   * What a key (or all) has, and then every change, until the signal aborts or the connection is
   * closed. Outages of the server and a deleted bucket interrupt it, but do not end it.
   */
  watch(key = '>', signal?: AbortSignal): AsyncIterable<StateChange<T>> {
    const { connection, name } = this;
    const { inboxPrefix } = this.options;
    return watchStates<T>({ connection, name, key, inboxPrefix, signal }, () => this.#create());
  }

  async #ensuring<R>(attempt: (kv: KV) => Promise<R>): Promise<R> {
    const kv = await this.#kvm.open(this.name);
    return ensuring(
      () => this.#create(),
      () => attempt(kv),
    );
  }

  async #create(): Promise<void> {
    if (!this.options.create) throw missing(this.name);
    await this.#kvm.create(this.name, { history: 1, storage: StorageType.File });
  }
}

const missing = (name: string): L45Error =>
  new L45Error('UNAVAILABLE', `the bucket ${name} does not exist yet: start the deployer`);

const isConflict = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
