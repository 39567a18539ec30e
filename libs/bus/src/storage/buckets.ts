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
    this.desired = new StateBucket(connection, DESIRED_BUCKET, access);
    this.observed = new StateBucket(connection, OBSERVED_BUCKET, access);
    this.middleboxDesired = new StateBucket(connection, MIDDLEBOX_DESIRED_BUCKET, access);
    this.middleboxObserved = new StateBucket(connection, MIDDLEBOX_OBSERVED_BUCKET, access);
    this.prepared = new StateBucket(connection, PREPARED_BUCKET, access);
  }
}
