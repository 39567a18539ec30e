// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** What takes longer than this is not ready; probes give up after about as long. */
const READY_WITHIN_MS = 1_000;

export interface HealthServer {
  readonly port: number;
  close(): void;
}

/**
 * Answers probes over HTTP: `/live` whenever the event loop gets to it, `/ready` with 200 if
 * `ready` resolves, and with 503 and the reason if it does not, or not in time.
 *
 * @param listen `host:port`, or `:port` for every address.
 */
export async function serveHealth(
  listen: string,
  ready: () => Promise<unknown>,
): Promise<HealthServer> {
  const server = createServer(async ({ url }, response) => {
    const [status, text] = await answer(url, ready);
    response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
  });
  const colon = listen.lastIndexOf(':');
  server.listen(Number(listen.slice(colon + 1)), listen.slice(0, colon) || undefined);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}

async function answer(
  url: string | undefined,
  ready: () => Promise<unknown>,
): Promise<[number, string]> {
  if (url === '/live') return [200, 'live'];
  if (url !== '/ready') return [404, 'there are /live and /ready'];
  try {
    await Promise.race([ready(), late()]);
    return [200, 'ready'];
  } catch (error) {
    return [503, error instanceof Error ? error.message : String(error)];
  }
}

async function late(): Promise<never> {
  await delay(READY_WITHIN_MS, undefined, { ref: false });
  throw new Error(`not ready within ${READY_WITHIN_MS} ms`);
}
