// SPDX-License-Identifier: Apache-2.0
//
// Generates the chart's dashboards, helm/l45/files/dashboards/*.json: committed, so that a clone is
// all that `helm install` needs. With --check it writes nothing and fails when a committed file
// differs from what it would write.

import { readdirSync } from 'node:fs';
import { writeGenerated } from '../generated.js';
import { DASHBOARDS } from './dashboards.js';

const FOLDER = 'helm/l45/files/dashboards';

const others = readdirSync(FOLDER).map((name) => [`${FOLDER}/${name}`, undefined]);
const wanted = DASHBOARDS.map((one) => [
  `${FOLDER}/${one.uid}.json`,
  `${JSON.stringify(one, undefined, 1)}\n`,
]);
writeGenerated(Object.fromEntries([...others, ...wanted]), 'npm run grafana');
