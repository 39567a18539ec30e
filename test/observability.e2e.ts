// SPDX-License-Identifier: Apache-2.0
import { KernelGateway } from '../apps/agent/src/kernel/kernel.gateway.js';
import { FakeKernel } from '../apps/agent/src/testing/fake-kernel.js';
import { createTestService, freePort, type TestService } from '@l45/bus/testing';
import { type Counters, type ServiceName, SERVICES, type TargetsReply } from '@l45/contracts';
import { type HealthServer, initTelemetry, serveHealth, type Telemetry } from '@l45/telemetry';
import { type CollectedSpan, type Collector, startCollector } from '@l45/telemetry/testing';
import { headers } from '@nats-io/transport-node';
import { join } from 'node:path';
import { DASHBOARDS } from '../scripts/grafana/dashboards.js';
import { Prometheus } from './observability/prometheus.js';
import { Stack } from './stack/index.js';
import { type Folder, temporaryFolder } from './testbed/folder.js';
import { waitFor } from './wait.js';

/** A build of the core and a customization, and scrapes, on a machine that does other things. */
jest.setTimeout(300_000);

/** Of Jest's own types, which are not the ones that are installed. */
const { unstable_mockModule: mockModule } = jest as unknown as {
  unstable_mockModule(path: string, factory: () => object): void;
};

const HOST = 'client';
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const OPERATOR = 'b7ad6b7169203331';
const RULES = join(process.cwd(), 'helm/l45/files/alerts.yaml');
const deploy = {
  name: 'count',
  customization: 'null',
  ends: { client: { hosts: [HOST], match: { remote: { ports: ['53'] } } } },
  wait: 120,
};

let folder: Folder;
let collector: Collector;
let stack: Stack;
let kernel: FakeKernel;
let telemetry: Telemetry;
let health: HealthServer;
let agent: TestService;
let prometheus: Prometheus;

/** As `nats req -H traceparent:… <subject> <payload>` asks. */
async function ask(subject: string, payload: object, traceparent?: string) {
  const carrier = headers();
  if (traceparent) carrier.set('traceparent', traceparent);
  const options = { timeout: 130_000, headers: carrier };
  return (await stack.connection.request(subject, JSON.stringify(payload), options)).json();
}

/** The one part that isn't as it is shipped: its kernel is a fake of one that we have headers of. */
async function startAgent(): Promise<void> {
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  telemetry = initTelemetry({ service: 'l45-agent', version: 'test', exporting: true });
  const metrics = () => telemetry.metrics();
  health = await serveHealth('127.0.0.1:0', { ready: async () => undefined, metrics });
  kernel = new FakeKernel();
  const { targets } = (await ask('l45.builder.targets', {})) as TargetsReply;
  const [target = { kernelRelease: 'none is installed', arch: '' }] = targets;
  mockModule('../apps/agent/src/observe/host-facts.js', () => ({
    hostFacts: () => ({ target, bootId: 'boot' }),
    bootedAt: () => new Date(0).toISOString(),
  }));
  const { agentModule } = await import('../apps/agent/src/agent.module.js');
  const config = { L45_HOST: HOST, L45_STATE_DIR: join(folder.path, 'agent') };
  agent = await createTestService(
    { imports: [agentModule(config)] },
    {
      url: stack.nats.url,
      customize: (builder) => builder.overrideProvider(KernelGateway).useValue(kernel),
    },
  );
}

beforeAll(async () => {
  folder = await temporaryFolder();
  collector = await startCollector();
  const services = SERVICES.filter((name) => name !== 'agent');
  const jobs = Object.fromEntries(
    await Promise.all(services.map(async (name) => [name, await freePort()] as const)),
  );
  const environment = (name: ServiceName) => ({
    HEALTH_LISTEN: `127.0.0.1:${jobs[name]}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  });
  stack = await Stack.start({ folder: folder.path, environment });
  await startAgent();
  prometheus = await Prometheus.start({
    folder: join(folder.path, 'prometheus'),
    jobs: { ...jobs, agent: health.port },
    rules: [RULES],
  });
});

afterAll(async () => {
  await prometheus?.stop();
  await agent?.close();
  health?.close();
  await telemetry?.shutdown();
  await stack?.stop();
  await collector?.close();
  await folder?.remove();
});

describe('a request of an operator', () => {
  beforeAll(async () => {
    await waitFor('the host to be known', async () => {
      const { hosts } = (await ask('l45.monitor.hosts', {})) as { hosts?: { host: string }[] };
      return hosts?.some(({ host }) => host === HOST);
    });
    const answer = await ask('l45.deployer.deploy', deploy, `00-${TRACE}-${OPERATOR}-01`);
    expect(answer).toMatchObject({ name: 'count', state: 'deployed' });
  });

  it('is one trace, down to the kernel and up to the observed state', async () => {
    const stored = await traced('observed store', { 'l45.host': HOST, 'l45.revision': '2' });
    expect(await pathTo(stored)).toEqual([
      'operator',
      'l45-deployer: l45.deployer.deploy process',
      'l45-deployer: l45_desired put',
      'l45-agent: agent reconcile',
      'l45-agent: l45_observed put',
      'l45-monitor: observed store',
    ]);
    const [instance] = await kernel.instances();
    const programmed = await traced('agent instance', { 'l45.instance': instance?.id });
    expect(programmed.attributes).toMatchObject({ 'l45.host': HOST });
    expect((await pathTo(programmed)).slice(-2)).toEqual([
      'l45-agent: agent reconcile',
      'l45-agent: agent instance',
    ]);
  });

  it('has the build and its signature in the same trace', async () => {
    const made = await traced('builder make', { 'l45.module': 'null' });
    expect(await pathTo(made)).toEqual([
      'operator',
      'l45-deployer: l45.deployer.deploy process',
      'l45-deployer: l45.builder.build send',
      'l45-builder: l45.builder.build process',
      'l45-builder: builder make',
    ]);
    const signed = await traced('l45.security.sign process', {});
    expect((await pathTo(signed)).slice(-3)).toEqual([
      'l45-builder: l45.builder.build process',
      'l45-builder: l45.security.sign send',
      'l45-security: l45.security.sign process',
    ]);
  });

  it('shows its phases, and comes from nowhere else', async () => {
    for (const phase of ['egress', 'deployed']) {
      const { attributes } = await traced(`rollout ${phase}`, {});
      expect(attributes).toMatchObject({ 'l45.deployment.name': 'count' });
    }
    await waitFor('every parent', () => {
      const known = new Set([OPERATOR, ...traceOf(TRACE).map(({ spanId }) => spanId)]);
      return traceOf(TRACE).every(({ parentSpanId }) => known.has(parentSpanId));
    });
    expect(traceOf(TRACE).filter(({ error }) => error)).toEqual([]);
  });

  it('is marked where it failed, with the reason', async () => {
    const parent = (trace: string) => `00-${trace}-${OPERATOR}-01`;
    const refused = '1'.repeat(32);
    await ask(
      'l45.deployer.deploy',
      { ...deploy, name: 'x', customization: 'nil' },
      parent(refused),
    );
    expect(await traced('l45.deployer.deploy process', {}, refused)).toMatchObject({
      attributes: { 'error.type': 'UNKNOWN_CUSTOMIZATION' },
      error: expect.stringContaining('nil'),
    });

    const failed = '2'.repeat(32);
    const [instance] = await kernel.instances();
    kernel.failures.set(`set ${instance?.id}`, 'EINVAL');
    await ask('l45.deployer.prioritise', { name: 'count', priority: 7 }, parent(failed));
    for (const name of ['agent instance', 'agent reconcile']) {
      expect(await traced(name, { 'l45.host': HOST }, failed)).toMatchObject({
        attributes: { 'error.type': 'KERNEL' },
        error: expect.stringContaining('EINVAL'),
      });
    }
    kernel.failures.clear();
    const applied = await traced('rollout deployed', {}, failed);
    expect(applied.error).toBeUndefined();
  });
});

const traceOf = (trace: string) => collector.spans.filter(({ traceId }) => traceId === trace);

/** A span of a trace that has such attributes, once it arrives. */
const traced = (name: string, attributes: Record<string, unknown>, trace = TRACE) =>
  waitFor(`the span "${name}" ${JSON.stringify(attributes)}`, () =>
    traceOf(trace).find(
      (span) =>
        span.name === name &&
        Object.entries(attributes).every(([key, value]) => span.attributes[key] === value),
    ),
  );

/** From the operator to a span, once all between them arrived. */
const pathTo = (span: CollectedSpan) =>
  waitFor(`the parents of "${span.name}"`, () => {
    const path = [span];
    for (;;) {
      const [{ parentSpanId } = span] = path;
      if (parentSpanId === OPERATOR) break;
      const parent = traceOf(span.traceId).find(({ spanId }) => spanId === parentSpanId);
      if (!parent) return undefined;
      path.unshift(parent);
    }
    return ['operator', ...path.map(({ service, name }) => `${service}: ${name}`)];
  });

interface Shown {
  dashboard: string;
  panel: string;
  expression: string;
}

/** Every query of every panel, with all that a reader can choose. */
const QUERIES: Shown[] = DASHBOARDS.flatMap(({ title, panels = [] }) =>
  panels.flatMap((panel) =>
    ('targets' in panel ? (panel.targets ?? []) : []).map((target) => ({
      dashboard: title ?? '',
      panel: ('title' in panel && panel.title) || '',
      expression: (target as unknown as { expr: string }).expr
        .replaceAll('$__rate_interval', '5m')
        .replaceAll(/\$(host|name|customization)/g, '.*'),
    })),
  ),
);

/** What the reader chooses from: a metric, and one of its labels. */
const CHOICES = DASHBOARDS.flatMap(({ templating }) =>
  (templating?.list ?? []).flatMap(({ query }) => {
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(String(query)) ?? [];
    return metric && label ? [{ metric, label }] : [];
  }),
);

describe('Prometheus', () => {
  it('scrapes every service', async () => {
    await waitFor('all targets to be up', async () => {
      const up = await prometheus.query('up');
      return up.length === SERVICES.length && up.every(({ value }) => value === 1);
    });
  });

  it('understands every alert', async () => {
    const rules = await waitFor('the rules to be evaluated', async () => {
      const all = await prometheus.rules();
      return all.every((rule) => rule.health !== 'unknown') && all;
    });
    expect(rules.length).toBeGreaterThan(5);
    expect(rules.filter((rule) => rule.health !== 'ok')).toEqual([]);
  });

  it.each([
    'l45_request_duration_seconds_bucket{l45_verb="deploy"}',
    'l45_rollout_duration_seconds_bucket',
    'l45_build_duration_seconds_bucket',
  ])('leads from %s to the trace of the request', async (series) => {
    await waitFor('an exemplar', async () => {
      const labels = await prometheus.exemplars(series);
      return labels.some((one) => one['trace_id'] === TRACE);
    });
  });

  it('has data for every query of every panel', async () => {
    expect(QUERIES.length).toBeGreaterThan(30);
    await waitFor(
      'data',
      async () => {
        await Promise.all([traffic(), requests()]);
        expect(await withoutData(QUERIES)).toEqual([]);
        return true;
      },
      90_000,
    );
  });

  it.each(CHOICES)('has values of $label to choose from', async ({ metric, label }) => {
    const series = await prometheus.query(`count by (${label}) (${metric})`);
    expect(series.map((one) => one.metric[label])).toEqual([expect.stringMatching(/./)]);
  });
});

async function withoutData(shown: Shown[]): Promise<Shown[]> {
  const hasData = await Promise.all(
    shown.map(async ({ expression }) =>
      (await prometheus.query(expression)).some(({ value }) => Number.isFinite(value)),
    ),
  );
  return shown.filter((_, index) => !hasData[index]);
}

/** What an application and its kernel do meanwhile. */
async function traffic(): Promise<void> {
  const [instance] = await kernel.instances();
  if (!instance) throw new Error('no instance is left');
  const more = (counter: keyof Counters) => String(Number(instance.counters[counter]) + 1);
  const counters = Object.keys(instance.counters) as (keyof Counters)[];
  kernel.count(
    instance.id,
    Object.fromEntries(counters.map((counter) => [counter, more(counter)])),
  );
}

const requests = () => Promise.all([ask('l45.security.keys', {}), ask('l45.middlebox.list', {})]);
