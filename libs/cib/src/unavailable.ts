// SPDX-License-Identifier: Apache-2.0
import { types } from 'node:util';

/** Node's errors of a socket that could not be opened, or broke. */
const SOCKET = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * Class 08 (connection exceptions), 40001 and 40P01 (lost against another transaction), class 53
 * (too many clients, no memory, no space), 57P0x (shutting down, starting).
 */
const SQLSTATE = /^(08...|40001|40P01|53...|57P0[1-5])$/;

/** What pg and TypeORM say without a code. */
const MESSAGE =
  /connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|already released|client was closed/i;

/** Whether it is the database that could not do it, for now: the same again may succeed. */
export function isUnavailable(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return SOCKET.has(code) || SQLSTATE.test(code) || MESSAGE.test(error.message);
}
