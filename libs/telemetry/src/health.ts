// SPDX-License-Identifier: Apache-2.0
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { OPENMETRICS } from './openmetrics.js';

/** What takes longer than this is not ready; probes give up after about as long. */
const READY_WITHIN_MS = 1_000;

export interface HealthServer {
  readonly port: number;
  close(): void;
}

export interface Health {
  /** Rejects with the reason why not. */
  ready(): Promise<unknown>;
  /** In OpenMetrics' text format. */
  metrics(): Promise<string>;
}

/**
 * Answers probes over HTTP: `/live` whenever the event loop gets to it, `/ready` with 200 if
 * `ready` resolves, and with 503 and the reason if it does not, or not in time; and scrapes of
 * `/metrics`.
 *
 * @param listen `host:port`, or `:port` for every address.
 */
export async function serveHealth(listen: string, health: Health): Promise<HealthServer> {
  const server = createServer(async ({ url }, response) => {
    const [status, text, type = 'text/plain'] = await answer(url, health);
    response.writeHead(status, { 'content-type': type }).end(`${text}\n`);
  });
  const colon = listen.lastIndexOf(':');
  server.listen(Number(listen.slice(colon + 1)), listen.slice(0, colon) || undefined);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}

type Answer = [status: number, text: string, type?: string];

async function answer(url: string | undefined, health: Health): Promise<Answer> {
  try {
    switch (url) {
      case '/live':
        return [200, 'live'];
      case '/ready':
        await Promise.race([health.ready(), late()]);
        return [200, 'ready'];
      case '/metrics':
        return [200, await health.metrics(), OPENMETRICS];
      default:
        return [404, 'there are /live, /ready and /metrics'];
    }
  } catch (error) {
    return [503, error instanceof Error ? error.message : String(error)];
  }
}

async function late(): Promise<never> {
  await delay(READY_WITHIN_MS, undefined, { ref: false });
  throw new Error(`not ready within ${READY_WITHIN_MS} ms`);
}
