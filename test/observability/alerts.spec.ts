// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { prometheusProgram } from './prometheus.js';

interface Alert {
  alert: string;
  labels: { severity: string };
  annotations: { summary: string; runbook: string };
}

describe('alerts', () => {
  it('fire when they should, and only then', async () => {
    const { stdout } = await execa(prometheusProgram('promtool'), [
      ...['test', 'rules', 'test/observability/alerts.test.yaml'],
    ]);
    expect(stdout).toContain('SUCCESS');
  });

  it('say how bad it is and what to do', async () => {
    const { groups } = parse(await readFile('helm/l45/files/alerts.yaml', 'utf8')) as {
      groups: { rules: Alert[] }[];
    };
    const alerts = groups.flatMap(({ rules }) => rules);
    const operating = await readFile('docs/operating.md', 'utf8');
    const explained = [...operating.matchAll(/^### (L45\w+)$/gm)].map(([, name]) => name);
    expect(explained).toEqual(alerts.map(({ alert }) => alert));
    expect(alerts.length).toBeGreaterThan(5);
    for (const { alert, labels, annotations } of alerts) {
      expect([alert, labels.severity]).toEqual([
        alert,
        expect.stringMatching(/^(warning|critical)$/),
      ]);
      expect([alert, annotations.summary.length > 20, annotations.runbook.length > 40]).toEqual([
        alert,
        true,
        true,
      ]);
    }
  });
});

describe('dashboards', () => {
  it('are what scripts/grafana gives', async () => {
    const { stderr } = await execa(
      'node',
      ['--no-warnings', '--import', 'tsx', 'scripts/grafana/main.ts', '--check'],
      { reject: false },
    );
    expect(stderr).toBe('');
  });
});
