// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Takes what is exported and looks at none of it: to decode it costs more than to make it. */
export interface Sink {
  readonly url: string;
  /** Bytes of spans so far. */
  readonly bytes: () => number;
  close(): void;
}

export async function startSink(): Promise<Sink> {
  let bytes = 0;
  const server = createServer((request, response) => {
    if (request.url === '/v1/traces')
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('end', () => response.end()).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: () => bytes,
    close: () => void server.close(),
  };
}
