// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type Manifest, podsOf, render } from './helm.js';

const URLS = ['http://prometheus:9090', 'http://tempo:3200'];
const DATASOURCES = [
  `grafana.datasources.prometheusUrl=${URLS[0]}`,
  `grafana.datasources.tempoUrl=${URLS[1]}`,
];

interface ConfigMap extends Manifest {
  metadata: Manifest['metadata'] & { labels: Record<string, string> };
  data: Record<string, string>;
}

const labelled = (manifests: Manifest[], label: string) =>
  (manifests as ConfigMap[]).filter(({ metadata }) => metadata.labels?.[label] === '1');
const ofKind = (manifests: Manifest[], ...kinds: string[]) =>
  manifests.filter(({ kind }) => kinds.includes(kind));
const annotationsOf = ({ spec }: Manifest) =>
  (spec as { template: { metadata: { annotations?: object } } }).template.metadata.annotations;

describe('what the chart gives Grafana', () => {
  it('is every dashboard, byte for byte', async () => {
    const [dashboards, ...others] = labelled(await render({}), 'grafana_dashboard');
    expect(others).toEqual([]);
    const folder = 'helm/l45/files/dashboards';
    const files = await readdir(folder);
    expect(Object.keys(dashboards?.data ?? {}).toSorted()).toEqual(files.toSorted());
    for (const name of files) {
      const file = await readFile(`${folder}/${name}`, 'utf8');
      expect(JSON.parse(dashboards?.data[name] ?? '')).toEqual(JSON.parse(file));
    }
    // What Kubernetes takes as one ConfigMap.
    expect(JSON.stringify(dashboards).length).toBeLessThan(1 << 20);
  });

  it('is data sources that lead from metrics to traces and back, if it knows where they are', async () => {
    expect(labelled(await render({}), 'grafana_datasource')).toEqual([]);
    const [source] = labelled(await render({ set: DATASOURCES }), 'grafana_datasource');
    const { datasources } = parse(source?.data['layer45.yaml'] ?? '');
    const [prometheus, tempo] = datasources;
    expect([prometheus.url, tempo.url]).toEqual(URLS);
    for (const { datasourceUid } of prometheus.jsonData.exemplarTraceIdDestinations) {
      expect(datasourceUid).toBe(tempo.uid);
    }
    expect(tempo.jsonData.tracesToMetrics.datasourceUid).toBe(prometheus.uid);
  });

  it('is nothing if it is not wanted', async () => {
    const manifests = await render({ set: ['grafana.enabled=false', ...DATASOURCES] });
    expect(JSON.stringify(manifests)).not.toMatch(/grafana/);
  });
});

describe('what the chart gives Prometheus', () => {
  const workloads = (manifests: Manifest[]) => ofKind(manifests, 'Deployment', 'DaemonSet');

  it('is where to scrape every service and agent, and alerts', async () => {
    const manifests = await render({});
    for (const workload of workloads(manifests)) {
      const port = workload.kind === 'DaemonSet' ? '4580' : '8080';
      expect(annotationsOf(workload)).toEqual({
        'prometheus.io/scrape': 'true',
        'prometheus.io/path': '/metrics',
        'prometheus.io/port': port,
      });
    }
    const [alerts] = manifests.filter(({ metadata }) => metadata.name === 'l45-alerts');
    const text = (alerts as ConfigMap).data['layer45.yaml'] ?? '';
    expect(parse(text)).toEqual(parse(await readFile('helm/l45/files/alerts.yaml', 'utf8')));
  });

  it('is the same by way of its operator, with the labels that it looks for', async () => {
    const set = ['metrics.operator.enabled=true', 'metrics.operator.labels.release=monitoring'];
    const manifests = await render({ set });
    expect(workloads(manifests).map(annotationsOf)).toEqual(
      workloads(manifests).map(() => undefined),
    );
    const [monitor, rule] = ofKind(manifests, 'PodMonitor', 'PrometheusRule');
    expect(monitor).toMatchObject({
      apiVersion: 'monitoring.coreos.com/v1',
      metadata: { labels: { release: 'monitoring' } },
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/instance': 'l45' } },
        podMetricsEndpoints: [{ port: 'health', path: '/metrics', interval: '15s' }],
      },
    });
    expect(rule).toMatchObject({ metadata: { labels: { release: 'monitoring' } } });
    expect(rule?.['spec']).toEqual(parse(await readFile('helm/l45/files/alerts.yaml', 'utf8')));
  });

  it('is let through to services, from Prometheus only', async () => {
    const policy = (await render({})).find(({ metadata }) => metadata.name === 'l45-metrics');
    expect(policy?.['spec']).toMatchObject({
      podSelector: {
        matchExpressions: [{ values: ['builder', 'deployer', 'middlebox', 'monitor', 'security'] }],
      },
      ingress: [
        {
          from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } } }],
          ports: [{ port: 8080 }],
        },
      ],
    });
  });

  it('leaves an agent on the loopback of its host unless it is scraped', async () => {
    const listens = async (enabled: boolean) => {
      const pods = podsOf(await render({ set: [`metrics.enabled=${enabled}`] }));
      const agent = pods.find(({ owner }) => owner === 'DaemonSet/l45-agent');
      return agent?.spec.containers[0]?.env?.find(({ name }) => name === 'HEALTH_LISTEN')?.value;
    };
    expect(await listens(false)).toBe('127.0.0.1:4580');
    expect(await listens(true)).toBe('$(POD_IP):4580');
  });
});

it('traces - are sampled as the values say', async () => {
  const set = ['tracesSampler.name=parentbased_traceidratio', 'tracesSampler.argument=0.1'];
  for (const { owner, spec } of podsOf(await render({ set }))) {
    if (/test|nats|postgres|identities|migrate/.test(owner)) continue;
    expect(spec.containers[0]?.env).toEqual(
      expect.arrayContaining([
        { name: 'OTEL_TRACES_SAMPLER', value: 'parentbased_traceidratio' },
        { name: 'OTEL_TRACES_SAMPLER_ARG', value: '0.1' },
      ]),
    );
  }
});
