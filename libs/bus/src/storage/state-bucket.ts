// SPDX-License-Identifier: Apache-2.0
import { changeSubject, L45Error } from '@l45/contracts';
import {
  DiscardPolicy,
  type JetStreamClient,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamPublishOptions,
  jetstreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { ensuring } from './ensure.js';
import { quietJetstream } from './jetstream.js';
import type { KeyOf, StateChange } from './state-change.js';
import { watchStates } from './watch.js';

export interface StateBucketOptions<T> {
  /** Whether a missing bucket is created, or waited for. */
  create: boolean;
  /** Of the connection, when it isn't NATS' own. */
  inboxPrefix?: string;
  /** Of values that name their key: one below another key is told as invalid. */
  keyOf?: KeyOf<T>;
}

/** A KV bucket of JSON values, of which only the newest revision is kept. */
export class StateBucket<T> {
  readonly #jetstream: JetStreamClient;

  constructor(
    private readonly connection: NatsConnection,
    readonly name: string,
    private readonly options: StateBucketOptions<T>,
  ) {
    this.#jetstream = quietJetstream(connection, options.inboxPrefix);
  }

  /**
   * Stores a value, returns its revision. With an expected revision (0: no value) it throws
   * CONFLICT if the key has another.
   */
  async put(key: string, value: T, expectedRevision?: number): Promise<number> {
    try {
      return await this.#publish(key, JSON.stringify(value), {
        expect: { lastSubjectSequence: expectedRevision },
      });
    } catch (error) {
      if (!isConflict(error)) throw error;
      throw new L45Error('CONFLICT', `${this.name}/${key} was changed meanwhile: read it again`);
    }
  }

  async delete(key: string): Promise<void> {
    const deleted = headers();
    deleted.set('KV-Operation', 'DEL');
    await this.#publish(key, '', { headers: deleted });
  }

  /**
   * What a key (or all) has, and then every change, until the signal aborts or the connection is
   * closed. Outages of the server and a deleted bucket interrupt it, but do not end it: `current`
   * ends the interruption.
   */
  watch(key = '>', signal?: AbortSignal, interrupted?: () => void): AsyncIterable<StateChange<T>> {
    const { connection, name } = this;
    const { inboxPrefix, keyOf } = this.options;
    const source = { connection, name, key, keyOf, inboxPrefix, signal, interrupted };
    return watchStates<T>(source, () => this.#create());
  }

  async #publish(
    key: string,
    data: string,
    options: Partial<JetStreamPublishOptions>,
  ): Promise<number> {
    const { seq } = await ensuring(
      () => this.#create(),
      () => this.#jetstream.publish(`$KV.${this.name}.${key}`, data, options),
    );
    return seq;
  }

  async #create(): Promise<void> {
    if (!this.options.create) throw missing(this.name);
    const { streams } = await jetstreamManager(this.connection, { checkAPI: false });
    // As the `nats` command makes a bucket; but with whose rollup header who writes one key would
    // remove all others.
    await streams.add({
      name: `KV_${this.name}`,
      subjects: [`$KV.${this.name}.>`],
      max_msgs_per_subject: 1,
      discard: DiscardPolicy.New,
      storage: StorageType.File,
      allow_direct: true,
      allow_rollup_hdrs: false,
      deny_delete: true,
      republish: {
        src: `$KV.${this.name}.*`,
        dest: changeSubject(this.name, '{{wildcard(1)}}'),
        headers_only: true,
      },
    });
  }
}

const missing = (name: string): L45Error =>
  new L45Error(
    'UNAVAILABLE',
    `the bucket ${name} does not answer: start the deployer, if NATS is there`,
  );

const isConflict = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
