// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { render, VERSIONS } from './helm.js';

/** Value → what Helm 3 and Helm 4 both name when they refuse it. */
const BAD: Record<string, RegExp> = {
  'replicas=2': /'?replicas'? (is )?not allowed/,
  'services.scheduler.replicas=2': /'?scheduler'? (is )?not allowed/,
  'services.deployer.replicas=two': /services.deployer.replicas.*string/,
  'services.deployer.replicas=0': /services.deployer.replicas.*1/,
  'services.builder.resources.limits.memory=lots': /memory/,
  'logLevel=loud': /logLevel/,
  'otlpEndpoint=collector:4318': /otlpEndpoint/,
  'agent.stateDir=state': /stateDir/,
  'nats.image=nats': /nats.image/,
  'tracesSampler.name=often': /tracesSampler.name/,
  'tracesSampler.argument=2': /argument/,
  'metrics.interval=often': /metrics.interval/,
  'grafana.datasources.tempoUrl=tempo': /tempoUrl/,
  'middleboxes[0].name=tap.1,middleboxes[0].types={pcap}': /name/,
  'middleboxes[0].name=tap,middleboxes[0].types={snort}': /types/,
  'middleboxes[0].name=tap': /types/,
  // Impossible together.
  'middleboxes[0].name=tap,middleboxes[0].types={pcap},middleboxes[0].interface=eth0': /types/,
  'grafana.datasources.tempoUrl=http://tempo:3200': /prometheusUrl/,
  'nats.enabled=false': /nats.external.url/,
  'nats.external.url=nats://nats.example.org': /nats.external.url/,
  'postgres.enabled=false': /postgres.existingSecret/,
  'otlpEndpoint=http://collector:4318': /networkPolicy.egress/,
  'networkPolicy.nodeCidrs={nodes}': /nodeCidrs/,
};

describe.each(VERSIONS)('values, with Helm %i', (version) => {
  it.each(Object.keys(BAD))('refuses %s, and says why', async (value) => {
    const refusal = await render({ version, set: [value] }).catch((error: Error) => error.message);
    // Helm 4 writes paths with slashes.
    expect(String(refusal).replaceAll('/', '.')).toMatch(BAD[value] ?? '');
    expect(refusal).toContain("values don't meet the specifications of the schema");
  });
});

describe('the table of values', () => {
  it('describes every value, and is up to date', async () => {
    const { stderr } = await execa('node', ['helm/values-table.mjs', '--check'], { reject: false });
    expect(stderr).toBe('');
  });
});
