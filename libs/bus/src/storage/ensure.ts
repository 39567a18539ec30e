// SPDX-License-Identifier: Apache-2.0
import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Whether it failed because there is no such stream, yet or any more. */
export function isMissing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.code === JetStreamApiCodes.StreamNotFound;
  if (error instanceof errors.RequestError) return error.isNoResponders();
  return error instanceof Error && isMissing(error.cause);
}

/** Whether that may be why: nobody says so when a stream that is read directly is missing. */
export const mayBeMissing = (error: unknown): boolean =>
  isMissing(error) || error instanceof errors.TimeoutError;

/** Tries; should the stream be missing, creates it and tries once more. */
export async function ensuring<T>(
  create: () => Promise<unknown>,
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isMissing(error)) throw error;
    await create();
    return attempt();
  }
}
