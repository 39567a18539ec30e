// SPDX-License-Identifier: Apache-2.0
//
// Generates the chart's dashboards, helm/l45/files/dashboards/*.json: committed, so that a clone is
// all that `helm install` needs. With --check it writes nothing and fails when a committed file
// differs from what it would write.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARDS } from './dashboards.js';

const FOLDER = 'helm/l45/files/dashboards';

const wanted = new Map(
  DASHBOARDS.map((one) => [`${one.uid}.json`, `${JSON.stringify(one, undefined, 1)}\n`]),
);
mkdirSync(FOLDER, { recursive: true });
const committed = new Map(
  readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]),
);
const stale = [...new Set([...wanted.keys(), ...committed.keys()])].filter(
  (name) => wanted.get(name) !== committed.get(name),
);

if (process.argv.includes('--check')) {
  for (const name of stale) {
    console.error(`${FOLDER}/${name} is not what scripts/grafana gives; run: npm run grafana`);
  }
  process.exitCode = stale.length ? 1 : 0;
} else {
  for (const name of stale) {
    const text = wanted.get(name);
    if (text === undefined) rmSync(join(FOLDER, name));
    else writeFileSync(join(FOLDER, name), text);
    console.log(`wrote ${FOLDER}/${name}`);
  }
}
