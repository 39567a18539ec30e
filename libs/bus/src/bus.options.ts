// SPDX-License-Identifier: Apache-2.0
import type { ServiceName } from '@l45/contracts';

export const BUS_OPTIONS = Symbol('BUS_OPTIONS');

export interface BusOptions {
  service: ServiceName;
  /** One sentence, shown by `nats micro info`. */
  description: string;
  /** The host that an agent is responsible for; required for the agent, for others refused. */
  host?: string;
}

/** Name of a service among NATS micro services. */
export const microName = (service: ServiceName): string => `l45-${service}`;

/** Prefix of a client's inboxes, so that permissions can tell clients apart. */
export const inboxPrefix = ({ service, host }: Pick<BusOptions, 'service' | 'host'>): string =>
  ['_INBOX', service, host].filter(Boolean).join('.');
