// SPDX-License-Identifier: Apache-2.0
import type { ChallengeReply, ChallengeResult, Outcome, StatusReply } from '@l45/contracts';
import { execa } from 'execa';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fleet, type HostName, TAG_DNS } from '../fleet/index.js';
import { waitFor } from '../wait.js';
import { deploy } from './cases.js';
import type { Experiment } from './experiment.js';
import { measurement } from './measure.js';
import { bars } from './plot.js';

const SCALES = {
  quick: { interval: 3, seconds: 6, attacks: 1 },
  full: { interval: 5, seconds: 65, attacks: 5 },
};
/** More than are made in any scale. */
const LIMIT = 1_000;
const WAIT_MS = 60_000;
const CTL = '/run/l45ctl';

/** What somebody does to a host, how it shows, and how it is put right. */
interface Attack {
  what: string;
  outcome: Outcome;
  host: HostName;
  strike(fleet: Fleet): Promise<unknown>;
  mend?(fleet: Fleet): Promise<unknown>;
}

const ATTACKS: Attack[] = [
  {
    what: 'wrong key',
    outcome: 'wrong-mac',
    host: 'client',
    async strike(fleet) {
      const [instance] = (await fleet.status('client')).instances;
      await fleet.hosts.client.sh(
        `${CTL} set ${instance?.id} key=${randomBytes(32).toString('hex')}`,
      );
    },
  },
  {
    what: 'patched module',
    outcome: 'tampered',
    host: 'dns-server',
    strike: (fleet) =>
      fleet.hosts['dns-server'].sh(`
        trace=/sys/kernel/tracing
        [ -e $trace/kprobe_events ] || mount -t tracefs tracefs $trace
        echo p:patch l45_dns_tag:dns_tag_egress >$trace/kprobe_events
        echo 1 >$trace/events/kprobes/patch/enable`),
    mend: (fleet) =>
      fleet.hosts['dns-server'].sh(`
        trace=/sys/kernel/tracing
        echo 0 >$trace/events/kprobes/patch/enable
        echo >$trace/kprobe_events`),
  },
];

export const challenge: Experiment = {
  name: 'challenge',
  title: 'Challenge and response',
  question: 'Is it noticed when a host does not run what was deployed?',
  setup:
    'Every instance of `dns_tag` on two virtual hosts is challenged at an interval. Then somebody ' +
    'with all rights on a host sets another key, and somebody patches the loaded module in memory.',
  claim:
    'Every challenge of an honest host is passed; a wrong key and a patched module are told apart, ' +
    'and either revokes the deployment on both hosts.',
  prototype: 'a challenge every 5 s for 65 s: all pass; a wrong key is revoked',

  async run(context) {
    const { scale, progress } = context;
    const { interval, seconds, attacks } = SCALES[scale];
    const fleet = await context.fleet();
    await fleet.stack.ask('l45.security.policy', {
      deployment: TAG_DNS.name,
      interval,
      window: interval,
    });
    const ctl = await compile(join(fleet.stack.folder, 'l45ctl'));
    for (const host of Object.values(fleet.hosts)) await host.writeFile(CTL, ctl, { mode: 0o755 });
    const parts = 1 + ATTACKS.length * attacks;

    await deploy(fleet, TAG_DNS);
    const wanted = (seconds / interval) * Object.keys(fleet.hosts).length;
    const honest = await waitFor(
      `${wanted} challenges`,
      async () => {
        const made = await challenges(fleet);
        return made.length >= wanted && made;
      },
      4_000 * seconds + WAIT_MS,
    );
    progress(parts);
    const failed = honest.filter(({ outcome }) => outcome !== 'passed');

    const mistaken: string[] = [];
    const times: Record<string, number[]> = {};
    for (let i = 0; i < attacks; i++) {
      for (const attack of ATTACKS) {
        await deploy(fleet, TAG_DNS);
        // What loaded code is measured against is its first answer.
        const { results } = await fleet.stack.ask<ChallengeReply>('l45.security.challenge', {
          deployment: TAG_DNS.name,
        });
        mistaken.push(...results.filter(({ outcome }) => outcome !== 'passed').map(told));
        await attack.strike(fleet);
        const struck = performance.now();
        await waitFor(`${attack.what} to be revoked`, () => revoked(fleet), WAIT_MS);
        (times[attack.what] ??= []).push(performance.now() - struck);
        await attack.mend?.(fleet);
        const [last] = (await challenges(fleet)).filter(({ outcome }) => outcome !== 'passed');
        if (last?.outcome !== attack.outcome || last.host !== attack.host) {
          mistaken.push(`${attack.what}: ${last && told(last)}`);
        }
        progress(parts);
      }
    }
    await fleet.stack.ask('l45.security.drop', { deployment: TAG_DNS.name });

    const measurements = [
      measurement(
        'passed challenge',
        'ms',
        honest.map(({ ms }) => ms),
      ),
      ...Object.entries(times).map(([what, ms]) => measurement(`${what} revoked`, 'ms', ms)),
    ];
    return {
      passed: failed.length + mistaken.length === 0,
      reason: `${failed.length} of ${honest.length} challenges of honest hosts failed (${failed[0]?.message}); mistaken: ${mistaken.join(', ') || 'none'}`,
      measurements,
      plot: bars('Until a challenge is passed, and until an attack is undone', 'ms', measurements),
      meaning:
        `${honest.length} challenges of honest hosts, none failed by mistake. An attack waits for ` +
        `the next challenge, up to ${interval} s; agents and kernels are emulated here.`,
    };
  },
};

async function challenges(fleet: Fleet): Promise<ChallengeResult[]> {
  const request = { deployment: TAG_DNS.name, limit: LIMIT };
  const reply = await fleet.stack.ask<ChallengeReply>('l45.security.challenges', request);
  return reply.results;
}

const told = ({ outcome, host }: ChallengeResult): string => `${outcome} on ${host}`;

/** Also gone from both kernels. */
async function revoked(fleet: Fleet): Promise<boolean> {
  const { deployments } = await fleet.stack.ask<StatusReply>('l45.deployer.status', {});
  return deployments.length === 0;
}

async function compile(program: string): Promise<Buffer> {
  await execa('gcc', ['-static', '-O2', '-o', program, 'kernel/test/guest/l45ctl.c']);
  return readFile(program);
}
