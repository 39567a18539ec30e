// SPDX-License-Identifier: Apache-2.0
import { type AgentRole, hostOfNode, L45Error, NAME } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { IdentitiesConfig } from './identities.config.js';

/** A token for anybody else says nothing to us. */
export const AUDIENCE = 'l45';
const NODE_NAME = 'authentication.kubernetes.io/node-name';
const TIMEOUT_MS = 3_000;

interface TokenReview {
  status?: {
    authenticated?: boolean;
    audiences?: string[];
    user?: { username?: string; extra?: Record<string, string[]> };
  };
}

/** An agent that runs in a pod. */
export interface AgentPod {
  role: AgentRole;
  /** Name of its host, or of the middlebox. */
  host: string;
  /** Full name of the node; absent: it may be any. */
  node?: string;
}

/** Asks Kubernetes whose pod has a token. */
@Injectable()
export class KubernetesGateway {
  constructor(private readonly config: IdentitiesConfig) {}

  /** Which agent the pod of a token is; ENROLMENT if it is none. */
  async agentOf(token: string): Promise<AgentPod> {
    const { status } = await this.#review(token);
    if (!status?.authenticated || !status.audiences?.includes(AUDIENCE))
      throw refused('Kubernetes does not know the token, or it is for somebody else');
    const { username: account = '', extra } = status.user ?? {};
    const { L45_AGENT_ACCOUNT, L45_MIDDLEBOX_ACCOUNTS: middleboxes } = this.config;
    if (middleboxes && account.startsWith(middleboxes)) {
      const host = account.slice(middleboxes.length);
      if (NAME.test(host)) return { role: 'middlebox', host };
    }
    if (!L45_AGENT_ACCOUNT || account !== L45_AGENT_ACCOUNT) throw refused('the pod is no agent');
    const node = extra?.[NODE_NAME]?.[0];
    if (!node) throw refused('the token names no node: Kubernetes 1.30 or newer is needed');
    return { role: 'host', node, host: hostOfNode(node) };
  }

  async #review(token: string): Promise<TokenReview> {
    const { L45_KUBERNETES_API, L45_KUBERNETES_TOKEN } = this.config;
    const own = await readFile(L45_KUBERNETES_TOKEN, 'utf8').catch(unavailable);
    const path = '/apis/authentication.k8s.io/v1/tokenreviews';
    const response = await fetch(`${L45_KUBERNETES_API}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${own.trim()}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [AUDIENCE] },
      }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(unavailable);
    if (!response.ok) return unavailable(new Error(`it answers ${response.status}`));
    return (await response.json()) as TokenReview;
  }
}

const refused = (reason: string): L45Error => new L45Error('ENROLMENT', reason);

function unavailable(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new L45Error('UNAVAILABLE', `Kubernetes cannot be asked for the token: ${reason}`);
}
