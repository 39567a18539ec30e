// SPDX-License-Identifier: Apache-2.0
import { ANSWER, SERVER_ADDRESS, TAG_DNS } from '../fleet/index.js';
import { byTurns, CASES } from './cases.js';
import type { Experiment } from './experiment.js';
import { measurement } from './measure.js';
import { bars } from './plot.js';

const SCALES = { quick: { queries: 20, rounds: 1 }, full: { queries: 1_000, rounds: 5 } };

export const dnsBatch: Experiment = {
  name: 'dns-batch',
  title: 'A batch of DNS queries',
  question: 'What does a tag on every query cost those who ask?',
  setup:
    'dig asks dnsmasq on another virtual host for one name of a file after the other; a deployment ' +
    'of `dns_tag` on both hosts, one that matches nobody, or none. Stock kernels, unmodified programs.',
  claim: 'Every query is answered, and every query that should carry a tag carries it.',
  prototype: '1000 queries: base 5.72 s, loaded −0.5 %, tag +0.8 % (+2.7 % with buffering)',

  async run(context) {
    const { scale, progress } = context;
    const fleet = await context.fleet();
    const { queries, rounds } = SCALES[scale];
    const ask = `dig @${SERVER_ADDRESS.IPv4} -f /run/names +short +tries=1 +time=10`;
    const script = `
      for i in $(seq ${queries}); do echo batch-$i.example.test; done >/run/names
      start=$(date +%s%N)
      answers=$(${ask} | grep -cFx ${ANSWER})
      echo $answers $(($(date +%s%N) - start))`;
    const results = await byTurns(fleet, TAG_DNS, rounds, async () => {
      const output = await fleet.hosts.client.sh(script, { timeoutMs: 600_000 });
      const [answers = 0, nanoseconds = 0] = output.trim().split(' ').map(Number);
      const { instances } = await fleet.status('client');
      const tagged = Number(instances[0]?.counters.egressMessages ?? 0);
      progress(rounds * CASES.length);
      return { answers, tagged, milliseconds: nanoseconds / 1e6 / queries };
    });

    const unanswered = CASES.flatMap((which) => results[which]).filter((r) => r.answers < queries);
    const untagged = results.active.filter(({ tagged }) => tagged !== queries);
    const strays = results.loaded.filter(({ tagged }) => tagged > 0);
    const measurements = CASES.map((which) =>
      measurement(
        which,
        'ms/query',
        results[which].map(({ milliseconds }) => milliseconds),
      ),
    );
    return {
      passed: unanswered.length + untagged.length + strays.length === 0,
      reason: `${unanswered.length} trials with queries unanswered, ${untagged.length} with queries untagged, ${strays.length} with tags astray`,
      measurements,
      plot: bars('Time of a query', 'ms per query', measurements),
      meaning:
        'Most of the time is that of two emulated hosts, which multiplies what the tap adds as well; ' +
        '[kernel-cost](kernel-cost.md) counts it in instructions.',
    };
  },
};
