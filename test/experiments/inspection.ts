// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dig, type Fleet, freshName, Tap, WHO_ASKS } from '../fleet/index.js';
import { waitFor } from '../wait.js';
import { deploy } from './cases.js';
import type { Experiment } from './experiment.js';
import { measurement } from './measure.js';
import { bars } from './plot.js';
import { betweenCurlAndNginx, Web } from './web.js';

const SCALES = {
  quick: { queries: 2, bytes: 2_000_000, rounds: 1 },
  full: { queries: 50, bytes: 100_000_000, rounds: 5 },
};

const APPLICATIONS = ['dig', 'worm'];

export const inspection: Experiment = {
  name: 'inspection',
  title: 'Deep packet inspection with the inverse modules',
  question: 'Can a middlebox still read the traffic that is customized?',
  setup:
    'An agent in the role of a middlebox sees the network between two virtual hosts. tshark reads ' +
    'tagged DNS queries of two applications, without and with the Lua script that the agent ' +
    'installed. Then curl downloads over HTTP with `stream_tag`, and the filter for captures ' +
    'rewrites what was on the wire.',
  claim:
    'Without an inverse no query is readable; with it all are, each with its application; the ' +
    'stream behind the filter has the hash of the file.',
  prototype: 'a Lua dissector at the middlebox shows DNS with its application id',

  async run(context) {
    const { scale, progress } = context;
    const { queries, bytes, rounds } = SCALES[scale];
    const fleet = await context.fleet();
    const tap = await Tap.register(fleet, ['wireshark', 'pcap']);
    tap.start();
    try {
      const { without, withInverse, wanted } = await queriesSeen(fleet, tap, queries);
      progress(2);
      const { rates, isWhole } = await streamBehindFilter(fleet, tap, bytes, rounds);
      progress(2);
      const missed = wanted.filter((query) => !withInverse.includes(query));
      return {
        passed: without.length === 0 && missed.length === 0 && isWhole,
        reason: `${without.length} of ${wanted.length} queries were readable without an inverse, ${missed.length} were not with it; the hash of the stream is ${isWhole ? 'right' : 'wrong'}`,
        measurements: [
          measurement('queries readable with the inverse', 'queries', [withInverse.length]),
          measurement('filter for captures', 'Gbit/s', rates),
        ],
        plot: bars('Queries whose name and application tshark shows', 'queries', [
          measurement('without the inverse', 'queries', [without.length]),
          measurement('with the inverse', 'queries', [withInverse.length]),
        ]),
        meaning:
          'The speed of the filter is that of the capture divided by the time of one processor, ' +
          'reading from and writing to a file.',
      };
    } finally {
      await tap.stop();
    }
  },
};

async function queriesSeen(fleet: Fleet, tap: Tap, count: number) {
  const { client } = fleet.hosts;
  await client.sh('cp "$(command -v dig)" /tmp/worm');
  await deploy(fleet, WHO_ASKS);
  const wanted: string[] = [];
  for (let i = 0; i < count; i++) {
    for (const application of APPLICATIONS) {
      const name = freshName();
      const program = application === 'dig' ? 'dig' : `/tmp/${application}`;
      await dig(client, name, { program });
      wanted.push(`${application}\t${name}`);
    }
  }
  const read = (...more: string[]) => dissect(tap.capture, fleet.stack.folder, more);
  const isWanted = (row: string): boolean => wanted.includes(row);
  const withInverse = await waitFor('the queries in the capture', async () => {
    const rows = (await read('-X', `lua_script:${tap.plugin}`, '-e', 'l45.app_id')).filter(
      isWanted,
    );
    return rows.length >= wanted.length && rows;
  });
  const names = wanted.map((query) => query.split('\t')[1] ?? '');
  const without = (await read()).filter((row) => names.includes(row.trim()));
  await fleet.revoke(WHO_ASKS.name);
  return { without, withInverse, wanted };
}

async function dissect(capture: string, home: string, more: string[]): Promise<string[]> {
  const fields = ['-T', 'fields', ...more, '-e', 'dns.qry.name'];
  const filter = ['-Y', 'dns.flags.response == 0'];
  const { stdout } = await execa('tshark', ['-n', '-r', capture, ...fields, ...filter], {
    env: { HOME: home },
  });
  return stdout.split('\n');
}

async function streamBehindFilter(fleet: Fleet, tap: Tap, bytes: number, rounds: number) {
  const web = await Web.serve(fleet, bytes);
  const request = betweenCurlAndNginx('tagged-web', 'stream_tag', 'http');
  await deploy(fleet, request);
  const { folder } = fleet.stack;
  const [customized, plain] = [join(folder, 'customized.pcap'), join(folder, 'plain.pcap')];
  const [start, { size }] = [Date.now() / 1e3, await stat(tap.capture)];
  await web.download('http');
  await waitFor('the capture of it', async () => (await stat(tap.capture)).size > size + bytes);
  await execa('editcap', ['-F', 'pcap', '-A', String(start), tap.capture, customized]);
  const bits = 8 * (await stat(customized)).size;
  const rates: number[] = [];
  for (let i = 0; i < rounds; i++) {
    rates.push(bits / 1e9 / (await processorSeconds(...tap.filter, customized, plain)));
  }
  const sha256 = await hashOfDownload(plain, folder);
  await fleet.revoke(request.name);
  return { rates, isWhole: sha256 === web.sha256 };
}

async function processorSeconds(...command: string[]): Promise<number> {
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const { stderr } = await execa('bash', ['-c', script, 'bash', ...command]);
  const [user = 0, system = 0] = (stderr.split('\n').at(-1) ?? '').split(' ').map(Number);
  return user + system;
}

/** Of the file that tshark finds in it. */
async function hashOfDownload(capture: string, folder: string): Promise<string> {
  const objects = join(folder, 'objects');
  await execa('tshark', ['-n', '-Q', '-r', capture, '--export-objects', `http,${objects}`], {
    env: { HOME: folder },
  });
  return createHash('sha256')
    .update(await readFile(join(objects, 'file')))
    .digest('hex');
}
