// SPDX-License-Identifier: Apache-2.0
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { IdentitiesConfig } from './identities.config.js';

const NOT_FOUND = 404;
const CONFLICT = 409;

type Access = Pick<IdentitiesConfig, 'L45_KUBERNETES_API' | 'L45_KUBERNETES_TOKEN'>;

interface Answer {
  status: number;
  text: string;
}

/** The Secrets of the namespace in which this pod runs. */
export class KubernetesSecrets {
  private constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  static async open({ L45_KUBERNETES_API, L45_KUBERNETES_TOKEN: file }: Access) {
    const [token, namespace] = await Promise.all(
      [file, join(dirname(file), 'namespace')].map((path) => readFile(path, 'utf8')),
    );
    const path = `/api/v1/namespaces/${namespace?.trim()}/secrets`;
    return new KubernetesSecrets(`${L45_KUBERNETES_API}${path}`, token?.trim() ?? '');
  }

  /** A key of a Secret; undefined without that Secret. */
  async read(name: string, key: string): Promise<string | undefined> {
    const response = await this.#send('GET', `/${name}`);
    if (response.status === NOT_FOUND) return undefined;
    const { data } = JSON.parse(checked(response, name).text) as { data?: Record<string, string> };
    return Buffer.from(data?.[key] ?? '', 'base64').toString();
  }

  /** Creates a Secret of one key; one that exists is replaced or kept. */
  async write(name: string, key: string, text: string, isReplaced: boolean): Promise<void> {
    const secret = {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name } },
      stringData: { [key]: text },
    };
    const created = await this.#send('POST', '', secret);
    if (created.status !== CONFLICT) return void checked(created, name);
    if (isReplaced) checked(await this.#send('PUT', `/${name}`, secret), name);
  }

  /** An answer that isn't read keeps its connection, and this process, for a minute and a half. */
  async #send(method: string, path: string, body?: object): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }
}

function checked(answer: Answer, name: string): Answer {
  if (answer.status < 400) return answer;
  throw new Error(`Kubernetes answers ${answer.status} for the Secret ${name}`);
}
