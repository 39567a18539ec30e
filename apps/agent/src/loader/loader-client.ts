// SPDX-License-Identifier: Apache-2.0
import { type ErrorName, L45Error } from '@l45/contracts';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { LoadRequest, UnloadRequest } from './loader.dto.js';

/** Longer than kmod is given. */
const TIMEOUT_MS = 90_000;

interface Requests {
  load: LoadRequest;
  unload: UnloadRequest;
}

/** Resolves once it is done; rejects with what the loader refuses, or KERNEL if it isn't there. */
export async function askLoader<V extends keyof Requests>(
  socketPath: string,
  verb: V,
  body: Requests[V],
): Promise<void> {
  const asked = request({ socketPath, path: `/${verb}`, method: 'POST' });
  asked.end(JSON.stringify(body));
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const [response] = (await once(asked, 'response', { signal }).catch((cause: unknown) => {
    asked.destroy();
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the process that loads modules does not answer (L45_LOADER): ${reason}`;
    throw new L45Error('KERNEL', message, [], { cause });
  })) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  if (response.statusCode === 200) return;
  const { name, message } = JSON.parse(text) as { name: ErrorName; message: string };
  throw new L45Error(name, message);
}
