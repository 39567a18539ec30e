// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';

export interface Series {
  metric: Record<string, string>;
  value: number;
}

/** A program of scripts/install/prometheus.sh. */
export function prometheusProgram(name: 'prometheus' | 'promtool'): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(process.env['L45_CACHE'] ?? join(base, 'layer45'), 'prometheus', name);
}

export interface PrometheusOptions {
  folder: string;
  /** Ports of the loopback, by job. */
  jobs: Record<string, number>;
  /** Files with rules. */
  rules: string[];
}

/** Debian's Prometheus, scraping every second. */
export class Prometheus {
  private constructor(
    private readonly process: ChildProcess,
    private readonly url: string,
  ) {}

  static async start({ folder, jobs, rules }: PrometheusOptions): Promise<Prometheus> {
    await mkdir(folder, { recursive: true });
    const config = join(folder, 'prometheus.yml');
    await writeFile(
      config,
      stringify({
        global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
        rule_files: rules,
        scrape_configs: Object.entries(jobs).map(([job, port]) => ({
          job_name: job,
          static_configs: [{ targets: [`127.0.0.1:${port}`] }],
        })),
      }),
    );
    // setpriv: it goes when we do, however we end.
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', prometheusProgram('prometheus')],
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
        '--enable-feature=exemplar-storage',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    return new Prometheus(child, await listening(child));
  }

  /** What an instant query gives now. */
  async query(expression: string): Promise<Series[]> {
    const query = new URLSearchParams({ query: expression });
    const { result } = await this.ask<{
      result: { metric: Record<string, string>; value: [number, string] }[];
    }>(`query?${query}`);
    return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** Labels of the exemplars that it has of a series. */
  async exemplars(selector: string): Promise<Record<string, string>[]> {
    const now = Date.now() / 1_000;
    const query = new URLSearchParams({
      query: selector,
      start: String(now - 3_600),
      end: String(now),
    });
    const series = await this.ask<{ exemplars: { labels: Record<string, string> }[] }[]>(
      `query_exemplars?${query}`,
    );
    return series.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels));
  }

  /** Every rule, and whether it can be evaluated: `ok`, `err`, or `unknown` so far. */
  async rules(): Promise<{ name: string; health: string; lastError?: string }[]> {
    type Rules = Awaited<ReturnType<Prometheus['rules']>>;
    const { groups } = await this.ask<{ groups: { rules: Rules }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  private async ask<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`);
    if (response.status === 503) throw new Error('prometheus is not ready yet');
    const { error, data } = (await response.json()) as { error?: string; data: T };
    if (error) throw new Error(`${path}: ${error}`);
    return data;
  }

  async stop(): Promise<void> {
    this.process.kill();
    await once(this.process, 'exit');
  }
}

async function listening({ stderr }: ChildProcess): Promise<string> {
  if (!stderr) throw new Error('prometheus has no output');
  let log = '';
  for await (const line of createInterface({ input: stderr })) {
    log += `${line}\n`;
    const [, address] = /Listening on.*address=(127\.0\.0\.1:\d+)/.exec(line) ?? [];
    if (!address) continue;
    stderr.resume();
    return `http://${address}`;
  }
  throw new Error(`prometheus does not start; scripts/install/prometheus.sh brings it:\n${log}`);
}
