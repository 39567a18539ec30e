// SPDX-License-Identifier: Apache-2.0

/** Error headers and queue group of NATS micro services, by ADR-32. */
export const ERROR_HEADER = 'Nats-Service-Error';
export const ERROR_CODE_HEADER = 'Nats-Service-Error-Code';
export const QUEUE_GROUP = 'q';

export const VERBS = ['PING', 'INFO', 'STATS'] as const;
export type Verb = (typeof VERBS)[number];

export interface ServiceIdentity {
  name: string;
  id: string;
  version: string;
  metadata: Record<string, string>;
}

export interface EndpointIdentity {
  name: string;
  subject: string;
  queue_group: string;
}

export interface EndpointInfo extends EndpointIdentity {
  metadata: Record<string, string>;
}

/** Times are in nanoseconds. */
export interface EndpointStats extends EndpointIdentity {
  num_requests: number;
  num_errors: number;
  last_error: string;
  processing_time: number;
  average_processing_time: number;
}
