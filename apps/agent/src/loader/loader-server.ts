// SPDX-License-Identifier: Apache-2.0
import { validated } from '@l45/bus';
import { L45Error } from '@l45/contracts';
import { once } from 'node:events';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { dirname } from 'node:path';
import { problemOf } from '../reconcile/problems.js';
import type { Loader } from './loader.js';
import { LoadRequest, UnloadRequest } from './loader.dto.js';

/** Answers the agent on a socket of the file system, for its owner only. */
export async function serveLoader(socket: string, loader: Loader): Promise<Server> {
  const server = createServer(async (request, response) => {
    const problem = await answer(request, loader).then(
      () => undefined,
      (error: unknown) => problemOf('loader', error),
    );
    response.writeHead(problem ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(problem ?? {}));
  });
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  // One that was killed leaves it.
  await rm(socket, { force: true });
  server.listen(socket);
  await once(server, 'listening');
  await chmod(socket, 0o600);
  return server;
}

async function answer(request: IncomingMessage, loader: Loader): Promise<void> {
  const body: unknown = JSON.parse(Buffer.concat(await request.toArray()).toString());
  switch (request.url) {
    case '/load':
      return loader.load(await validated(LoadRequest, body));
    case '/unload':
      return loader.unload(await validated(UnloadRequest, body));
    default:
      throw new L45Error('VALIDATION', 'there are /load and /unload');
  }
}
