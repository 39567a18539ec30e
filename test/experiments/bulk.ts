// SPDX-License-Identifier: Apache-2.0
import { byTurns, CASES } from './cases.js';
import type { Experiment } from './experiment.js';
import { measurement } from './measure.js';
import { bars } from './plot.js';
import { betweenCurlAndNginx, type Scheme, Web } from './web.js';

const SCALES = {
  quick: { bytes: 2_000_000, rounds: 1 },
  full: { bytes: Number(process.env.L45_BULK_BYTES ?? 50_000_000), rounds: 5 },
};
/** 32 bytes before each 1000 of the stream. */
const ADDED = 0.032;
/** Of what the headers of segments and the acknowledgements make of it. */
const TOLERANCE = 0.01;

const bulkOver = (scheme: Scheme, name: string, prototype: string): Experiment => ({
  name,
  title: `Bulk data over ${scheme.toUpperCase()}`,
  question: `What do 32 bytes in every 1000 of a download over ${scheme.toUpperCase()} cost?`,
  setup:
    'curl fetches a file of random bytes from nginx on another virtual host; a deployment of ' +
    '`stream_tag` on both hosts, one that matches nobody, or none. L45_BULK_BYTES sets the size.',
  claim: 'Every download has the hash of the file, and the wire carries 3.2 % more if it should.',
  prototype,

  async run(context) {
    const { scale, progress } = context;
    const fleet = await context.fleet();
    const { bytes, rounds } = SCALES[scale];
    const web = await Web.serve(fleet, bytes);
    const deployment = betweenCurlAndNginx(name, 'stream_tag', scheme);
    const results = await byTurns(fleet, deployment, rounds, async () => {
      const before = await web.sent();
      const { seconds, sha256 } = await web.download(scheme);
      const onTheWire = (await web.sent()) - before;
      progress(rounds * CASES.length);
      return { rate: bytes / 1e6 / seconds, isWhole: sha256 === web.sha256, onTheWire };
    });

    const broken = CASES.flatMap((which) => results[which]).filter(({ isWhole }) => !isWhole);
    const rates = CASES.map((which) =>
      measurement(
        which,
        'MB/s',
        results[which].map(({ rate }) => rate),
      ),
    );
    const wire = CASES.map((which) =>
      measurement(
        `${which}, wire`,
        'bytes',
        results[which].map(({ onTheWire }) => onTheWire),
      ),
    );
    const [none = 0, , active = 0] = wire.map(({ median }) => median);
    const added = (active - none) / bytes;
    return {
      passed: broken.length === 0 && Math.abs(added - ADDED) < TOLERANCE,
      reason: `${broken.length} downloads with another hash; ${(100 * added).toFixed(2)} % more on the wire`,
      measurements: [...rates, ...wire],
      plot: bars('Throughput of a download', 'MB/s', rates),
      meaning:
        'The hosts are emulated, and so slower than any link: rates compare with each other only. ' +
        '[kernel-cost](kernel-cost.md) has the cost in instructions.',
    };
  },
});

export const bulk = bulkOver(
  'http',
  'bulk',
  '3 GB over 1 Gb/s: base 24.55 s, loaded 0 %, tag +3.19 % (the added bytes: the link hid the CPU cost)',
);
export const tlsBulk = bulkOver('https', 'tls-bulk', 'loaded 0 %, tag +3.21 %');
