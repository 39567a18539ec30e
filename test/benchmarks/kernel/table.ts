// SPDX-License-Identifier: Apache-2.0
import type { Result } from './results.js';
import { judge, type Verdict } from './verdict.js';
import type { Burden } from './workloads.js';

const HEAD = [
  'workload',
  'none',
  '±',
  'loaded',
  'target',
  'prototype',
  'active',
  'target',
  'prototype',
];

/** The results as a Markdown table, each cost beside its target and the prototype's. */
export function table(results: readonly Result[]): string {
  const verdicts = judge(results);
  const rows = results
    .filter((result) => result.case === 'none')
    .map((base) => [
      base.workload,
      `${Math.round(base.median)} ${base.unit}`,
      `${(100 * worstSpread(results, base.workload)).toFixed(1)} %`,
      ...cells(verdicts, base.workload, 'loaded'),
      ...cells(verdicts, base.workload, 'active'),
    ]);
  const widths = HEAD.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (cellsOf: readonly string[]): string =>
    `| ${cellsOf.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

function cells(verdicts: readonly Verdict[], workload: string, which: Burden): string[] {
  const verdict = verdicts.find((one) => one.workload === workload && one.case === which);
  if (!verdict) return ['', '', ''];
  return [`${verdict.cost} ${verdict.met ? '✓' : '✗'}`, verdict.target, verdict.prototype];
}

function worstSpread(results: readonly Result[], workload: string): number {
  return (
    Math.max(...results.filter((one) => one.workload === workload).map((one) => one.spread)) / 2
  );
}
