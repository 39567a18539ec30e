// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';

type Data = Record<string, string>;

/** As much of the Kubernetes API as the job needs that makes identities. */
export class SecretsApi {
  readonly token = 'of the job';
  readonly secrets = new Map<string, Data>();
  readonly server: Server;

  private constructor(private readonly namespace: string) {
    this.server = createServer(async (request, response) => {
      const [status, body] = await this.#answer(request);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  }

  static async start(namespace: string): Promise<SecretsApi> {
    const api = new SecretsApi(namespace);
    api.server.listen(0, '127.0.0.1');
    await once(api.server, 'listening');
    return api;
  }

  /** The only value of a Secret. */
  text(name: string): string {
    const [text] = Object.values(this.secrets.get(name) ?? {});
    if (text === undefined) throw new Error(`there is no Secret ${name}`);
    return text;
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body?: object]> {
    const { method, url = '', headers } = request;
    const path = `/api/v1/namespaces/${this.namespace}/secrets`;
    if (headers.authorization !== `Bearer ${this.token}`) return [401];
    if (!url.startsWith(path)) return [403];
    const name = url.slice(path.length + 1);
    if (method === 'GET') {
      const found = this.secrets.get(name);
      if (!found) return [404];
      const data = Object.entries(found).map(([key, text]) => [
        key,
        Buffer.from(text).toString('base64'),
      ]);
      return [200, { data: Object.fromEntries(data) }];
    }
    const secret = JSON.parse(Buffer.concat(await request.toArray()).toString());
    if (method === 'POST' && this.secrets.has(secret.metadata.name)) return [409];
    this.secrets.set(secret.metadata.name, secret.stringData);
    return [201, secret];
  }
}
