// SPDX-License-Identifier: Apache-2.0
//
// npm run bench:services -- [--rounds N] [--idle SECONDS]
//
// How long each service takes from its start until it is ready, in wall and in CPU time, and what
// memory it has while idle; one after the other, since all at once they wait for each other's CPU.
import { freePort, startNats } from '@l45/bus/testing';
import { startPostgres } from '@l45/cib/testing';
import { SERVICES } from '@l45/contracts';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { quartilesOf } from '../../results/quartiles.js';
import { Service } from '../../stack/index.js';
import { temporaryFolder } from '../../testbed/folder.js';
import { waitFor } from '../../wait.js';

const READY_MS = 1_000;
const RSS_MB = 150;
/** Of /proc/<pid>/stat, for every Linux that we run on. */
const TICK_MS = 10;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    idle: { type: 'string', default: '10' },
  },
});

const folder = await temporaryFolder();
const [nats, postgres] = await Promise.all([
  startNats({ storeDir: join(folder.path, 'nats') }),
  startPostgres({ dataDir: join(folder.path, 'postgres') }),
]);
let missed = false;
try {
  for (const name of SERVICES.filter((service) => service !== 'agent')) {
    const trials: Trial[] = [];
    // The first one migrates, and is not counted.
    for (let round = 0; round <= Number(values.rounds); round++) trials.push(await start(name));
    const counted = trials.slice(1);
    const [ready, cpu, rss] = (['readyMs', 'cpuMs', 'rssMb'] as const).map((field) =>
      quartilesOf(counted.map((trial) => trial[field])),
    );
    if (!ready || !cpu || !rss) throw new Error('nothing was measured');
    const isMet = ready.median <= READY_MS && rss.median <= RSS_MB;
    missed ||= !isMet;
    console.log(
      `${name.padEnd(10)} ready ${ready.median.toFixed(0)} ms ± ${(ready.spread / 2).toFixed(0)}, ` +
        `CPU ${cpu.median.toFixed(0)} ms, idle ${rss.median.toFixed(0)} MB` +
        (isMet ? '' : `; the target is ${READY_MS} ms and ${RSS_MB} MB`),
    );
  }
} finally {
  await Promise.all([nats.stop(), postgres.stop()]);
  await folder.remove();
}
process.exit(missed ? 1 : 0);

interface Trial {
  readyMs: number;
  cpuMs: number;
  rssMb: number;
}

async function start(name: Service['name']): Promise<Trial> {
  const port = await freePort();
  const service = new Service(
    name,
    {
      NATS_URL: nats.url,
      DATABASE_URL: postgres.url,
      L45_MASTER_KEY_FILE: join(folder.path, 'master.key'),
      HEALTH_LISTEN: `127.0.0.1:${port}`,
    },
    folder.path,
  );
  const began = performance.now();
  service.start();
  try {
    await waitFor(`${name} to be ready`, async () => {
      const { ok } = await fetch(`http://127.0.0.1:${port}/ready`);
      return ok;
    });
    const readyMs = performance.now() - began;
    const cpuMs = await cpuOf(service.pid);
    await delay(Number(values.idle) * 1_000);
    return { readyMs, cpuMs, rssMb: await rssOf(service.pid) };
  } finally {
    await service.stop();
  }
}

async function cpuOf(pid = 0): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function rssOf(pid = 0): Promise<number> {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
