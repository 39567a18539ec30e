// SPDX-License-Identifier: Apache-2.0
import {
  DESIRED_BUCKET,
  type DesiredState,
  MIDDLEBOX_DESIRED_BUCKET,
  MIDDLEBOX_OBSERVED_BUCKET,
  type MiddleboxDesiredState,
  type MiddleboxObservedState,
  OBSERVED_BUCKET,
  type ObservedState,
  PREPARED_BUCKET,
  type Prepared,
} from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { BUS_OPTIONS, type BusOptions, inboxPrefix } from '../bus.options.js';
import { NATS } from '../connection.js';
import { StateBucket } from './state-bucket.js';
import { isObservedState } from './observed-state.js';
import type { KeyOf } from './state-change.js';

/** What hosts should run, and what they run. Agents wait for buckets, all others create them. */
@Injectable()
export class Buckets {
  readonly desired: StateBucket<DesiredState>;
  readonly observed: StateBucket<ObservedState>;
  readonly middleboxDesired: StateBucket<MiddleboxDesiredState>;
  readonly middleboxObserved: StateBucket<MiddleboxObservedState>;
  readonly prepared: StateBucket<Prepared>;

  constructor(@Inject(NATS) connection: NatsConnection, @Inject(BUS_OPTIONS) options: BusOptions) {
    const access = { create: options.service !== 'agent', inboxPrefix: inboxPrefix(options) };
    const bucket = <T>(name: string, keyOf: KeyOf<T>): StateBucket<T> =>
      new StateBucket(connection, name, { ...access, keyOf });
    this.desired = bucket(DESIRED_BUCKET, ({ host }) => host);
    this.observed = bucket(OBSERVED_BUCKET, (state) =>
      isObservedState(state) ? state.host : undefined,
    );
    this.middleboxDesired = bucket(MIDDLEBOX_DESIRED_BUCKET, ({ middlebox }) => middlebox);
    this.middleboxObserved = bucket(MIDDLEBOX_OBSERVED_BUCKET, ({ middlebox }) => middlebox);
    this.prepared = bucket(PREPARED_BUCKET, ({ deployment }) => deployment);
  }
}
