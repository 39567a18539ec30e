// SPDX-License-Identifier: Apache-2.0
import { CoreV1Api, KubeConfig, type AuthenticationV1TokenRequest } from '@kubernetes/client-node';
import { readFileSync } from 'node:fs';
import { helm, CHART, type Scenario, valuesOf, type Version } from '../chart/helm.js';

/** A release of the chart, in a namespace of its own. */
export class Release {
  readonly core: CoreV1Api;
  private readonly config = new KubeConfig();

  constructor(
    private readonly kubeconfig: string,
    readonly namespace: string,
    private readonly version: Version,
  ) {
    this.config.loadFromFile(kubeconfig);
    this.core = this.config.makeApiClient(CoreV1Api);
  }

  get url(): string {
    return this.config.getCurrentCluster()?.server ?? '';
  }

  /** Of the API server's certificate; empty: one that everybody knows. */
  get authority(): string {
    const { caData, caFile } = this.config.getCurrentCluster() ?? {};
    if (caData) return Buffer.from(caData, 'base64').toString();
    return caFile ? readFileSync(caFile, 'utf8') : '';
  }

  /** The namespace enforces this pod security standard, and warns of what breaks it. */
  async createNamespace(standard: 'restricted' | 'privileged'): Promise<void> {
    const labels = {
      'pod-security.kubernetes.io/enforce': standard,
      'pod-security.kubernetes.io/warn': standard,
    };
    await this.core.createNamespace({ body: { metadata: { name: this.namespace, labels } } });
  }

  /**
   * What Helm says of it, warnings of the API server among it. Hooks are left out: Helm would wait
   * for pods that nothing runs.
   */
  async apply(scenario?: Scenario, set: string[] = []): Promise<string> {
    const { all } = await helm(this.version, [
      ...['upgrade', '--install', 'l45', CHART, '--namespace', this.namespace],
      ...['--no-hooks', '--kubeconfig', this.kubeconfig, ...valuesOf(scenario)],
      ...set.flatMap((value) => ['--set', value]),
    ]);
    return all;
  }

  async secrets(): Promise<Record<string, Record<string, string>>> {
    const { items } = await this.core.listNamespacedSecret({ namespace: this.namespace });
    const own = items.filter(({ type }) => !type?.startsWith('helm.sh/'));
    return Object.fromEntries(own.map(({ metadata, data }) => [metadata?.name, data ?? {}]));
  }

  /** Of a service account; bound to a pod, for somebody. */
  async token(account: string, bound?: { pod: string; audience: string }): Promise<string> {
    const body: AuthenticationV1TokenRequest = {
      spec: {
        audiences: bound ? [bound.audience] : [],
        expirationSeconds: 600,
        ...(bound && { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: bound.pod } }),
      },
    };
    const { namespace, core } = this;
    const { status } = await core.createNamespacedServiceAccountToken({
      name: account,
      namespace,
      body,
    });
    return status?.token ?? '';
  }

  async remove(): Promise<void> {
    const parameters = ['uninstall', 'l45', '--namespace', this.namespace, '--ignore-not-found'];
    await helm(this.version, [...parameters, '--kubeconfig', this.kubeconfig]);
    await this.core.deleteNamespace({ name: this.namespace });
  }
}
