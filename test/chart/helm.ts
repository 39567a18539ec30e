// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export const CHART = 'helm/l45';
/** Of Helm; scripts/install/helm.sh brings both. */
export const VERSIONS = [3, 4] as const;
/** Values files that come with the chart, and none. */
export const SCENARIOS = [
  undefined,
  'minimal',
  'production',
  'external',
  'no-agents',
  'middleboxes',
] as const;

export type Version = (typeof VERSIONS)[number];
export type Scenario = (typeof SCENARIOS)[number];

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  // The rest is of whatever kind it is.
  [field: string]: unknown;
}

export interface Rendering {
  version?: Version;
  scenario?: Scenario;
  /** As for `--set`. */
  set?: string[];
}

export function helm(version: Version, parameters: string[]) {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const cache = process.env['L45_CACHE'] ?? join(base, 'layer45');
  return execa(join(cache, `helm/${version}/helm`), parameters, { all: true });
}

export const valuesOf = (scenario: Scenario): string[] =>
  scenario ? ['--values', `${CHART}/values/${scenario}.yaml`] : [];

/** What would be sent to Kubernetes, as release `l45` in the namespace `net`. */
export async function render({ version = 4, scenario, set = [] }: Rendering): Promise<Manifest[]> {
  const { stdout } = await helm(version, [
    ...['template', 'l45', CHART, '--namespace', 'net'],
    ...valuesOf(scenario),
    ...set.flatMap((value) => ['--set', value]),
  ]);
  return parseAllDocuments(stdout)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

export interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string; value?: string }[];
  securityContext?: Record<string, unknown>;
  resources?: { requests?: object; limits?: { memory?: string } };
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  livenessProbe?: object;
  readinessProbe?: object;
}

export interface Pod {
  /** Kind and name of what makes it. */
  owner: string;
  labels: Record<string, string>;
  spec: {
    containers: Container[];
    initContainers?: Container[];
    volumes?: { name: string; hostPath?: { path: string } }[];
    [field: string]: unknown;
  };
}

/** Every pod there would be, whatever makes it. */
export const podsOf = (manifests: Manifest[]): Pod[] =>
  manifests.flatMap((manifest) => {
    const { kind, metadata } = manifest;
    const pod = (manifest['spec'] as { template?: unknown })?.template ?? manifest;
    if (!('containers' in ((pod as Pod).spec ?? {}))) return [];
    const { labels } = (pod as { metadata: Pick<Pod, 'labels'> }).metadata;
    return [{ owner: `${kind}/${metadata.name}`, labels, spec: (pod as Pod).spec }];
  });
