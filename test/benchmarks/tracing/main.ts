// SPDX-License-Identifier: Apache-2.0
//
// npm run bench:tracing -- [--rounds N] [--seconds N]
//
// What tracing costs of a service's throughput: two of it as they are shipped, one that exports every
// trace and one that has tracing off, asked in turns. Writes docs/results/tracing-cost.*.
import 'reflect-metadata';
import { startPostgres } from '@l45/cib/testing';
import { arch, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { FOLDER, writeText } from '../../results/write.js';
import { type Pair, type Result, summarize, table, TARGET } from './results.js';
import { startSink } from './sink.js';
import { Variant } from './variant.js';

const CLIENTS = 32;
/** Until code is compiled and caches are full. */
const WARM_UP_ROUNDS = 6;
const REQUESTS = [
  { service: 'monitor', subject: 'l45.monitor.hosts' },
  { service: 'deployer', subject: 'l45.deployer.status' },
] as const;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '40' },
    seconds: { type: 'string', default: '1' },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

const [postgres, sink] = await Promise.all([startPostgres(), startSink()]);
const results: Result[] = [];
for (const request of REQUESTS) {
  const before = sink.bytes();
  results.push(summarize(request.subject, await pairs(request)));
  if (sink.bytes() === before) throw new Error(`${request.service} exported nothing`);
  console.log(table(results.slice(-1)));
}
sink.close();
await postgres.stop();
await write();
process.exit(results.every(({ met }) => met) ? 0 : 1);

async function pairs({ service, subject }: (typeof REQUESTS)[number]): Promise<Pair[]> {
  const common = { DATABASE_URL: postgres.url };
  const off = await Variant.start(service, { ...common, OTEL_TRACES_SAMPLER: 'always_off' });
  const on = await Variant.start(service, { ...common, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
  const measured: Pair[] = [];
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    const pair: Partial<Pair> = {};
    // Each is first as often as the other.
    for (const which of round % 2 ? (['on', 'off'] as const) : (['off', 'on'] as const))
      pair[which] = await { off, on }[which].measure(subject, seconds, CLIENTS);
    if (round >= 0) measured.push(pair as Pair);
  }
  await Promise.all([off.stop(), on.stop()]);
  return measured;
}

async function write(): Promise<void> {
  const [load = 0] = loadavg();
  const processors = `${cpus().length} × ${cpus()[0]?.model ?? arch()}`;
  // Its own part of the load is two: what is beyond makes the quartiles wide.
  const machine = `${processors}, Node ${process.version}, load ${load.toFixed(1)} at the end`;
  const missed = results.some(({ met }) => !met);
  await writeText('tracing-cost.json', JSON.stringify({ machine, rounds, seconds, results }));
  await writeText(
    'tracing-cost.md',
    `# What tracing costs

Each service twice, as it is shipped: one records and exports every trace, one has tracing off. ${CLIENTS}
clients ask them in turns, ${rounds} rounds of ${seconds} s each. The loss of throughput is the median over rounds,
each of which compares the two right after one another, so that whatever else the machine does is in
both. Target: at most ${100 * TARGET} %${missed ? ', which is missed' : ''}.

${table(results)}

\`npm run bench:tracing\` measures again and rewrites this page and
[tracing-cost.json](tracing-cost.json). Measured on ${machine}.
`,
  );
  console.log(`written: ${FOLDER}/tracing-cost.md and .json`);
}
