// SPDX-License-Identifier: Apache-2.0
import { Logger } from '@nestjs/common';
import type { MsgHdrs } from '@nats-io/transport-node';

/** What a watch tells. */
export type StateChange<T> =
  | { kind: 'put'; key: string; value: T; revision: number; at: Date }
  | { kind: 'deleted'; key: string; revision: number; at: Date }
  /**
   * Somebody put what is no JSON, is another key's, or is no such state: the NATS server itself
   * writes wherever it is asked to answer, so that permissions alone do not keep it away. The value
   * before still counts.
   */
  | { kind: 'invalid'; key: string; revision: number; at: Date }
  /**
   * Everything that was there when the watch began has been told. After an interruption all of
   * it is told again, ending with this once more: a key that was not told is gone.
   */
  | { kind: 'current' };

/** A message of a bucket's stream, however it was got. */
export interface Stored {
  key: string;
  revision: number;
  at: Date;
  headers?: MsgHdrs;
  data: Uint8Array;
}

/** The key that a value names; undefined: readers could not make use of the value. */
export type KeyOf<T> = (value: T) => string | undefined;

const logger = new Logger('Watch');

export function stateChange<T>(
  bucket: string,
  { key, revision, at, headers, data }: Stored,
  keyOf?: KeyOf<T>,
): StateChange<T> {
  if (headers?.get('KV-Operation')) return { kind: 'deleted', key, revision, at };
  const value = parse<T>(data);
  if (value && (!keyOf || keyOf(value) === key)) return { kind: 'put', key, value, revision, at };
  logger.error(
    `${bucket}/${key} is passed over: its value is not JSON, not such a state, or another key's`,
  );
  return { kind: 'invalid', key, revision, at };
}

function parse<T>(data: Uint8Array): T | undefined {
  try {
    return JSON.parse(Buffer.from(data).toString());
  } catch {
    return undefined;
  }
}
