// SPDX-License-Identifier: Apache-2.0
//
// Asks every service what the story says, on the fleet of the scenarios, and keeps the answers for
// docs/nats.md. Run it when the contracts have changed: `npm run reference:record`.

import 'reflect-metadata';
import { Fleet } from '../../test/fleet/index.js';
import { Stack } from '../../test/stack/index.js';
import { type Answers, writeAnswers } from './answers.js';
import { type AnyContract, contracts } from './contracts.js';
import { Steady } from './steady.js';
import { onHosts, type Step, withIdentities } from './story.js';

const TIMEOUT_MS = 300_000;
const answers: Answers = {};
const raw = new Map<AnyContract, Record<string, unknown>>();

function answered(contract: AnyContract): Record<string, unknown> {
  const reply = raw.get(contract);
  if (!reply) throw new Error(`${contract.subject} has not been answered`);
  return reply;
}

async function tell(stack: Stack, steps: Step[]): Promise<void> {
  for (const { contract, changes, host } of steps) {
    const { subject: general, example } = contract;
    const subject = general.replace('<host>', host);
    const request = { ...example, ...changes(answered) };
    const { errorCode, body } = await stack.request(subject, request, TIMEOUT_MS);
    console.log(`${subject}: ${errorCode ? JSON.stringify(body.error) : 'answered'}`);
    if (errorCode) {
      process.exitCode = 1;
      continue;
    }
    raw.set(contract, body);
    // What is asked twice is shown as it was first.
    answers[general] ??= { subject, request, reply: body };
  }
}

const fleet = await Fleet.start();
try {
  await tell(fleet.stack, onHosts(fleet.testbed.kernelRelease));
} finally {
  await fleet.stop();
}
const stack = await Stack.start({ identities: true });
try {
  await tell(stack, withIdentities());
} finally {
  await stack.stop();
}
const ordered = contracts().flatMap(({ subject }) => {
  const answer = answers[subject];
  return answer ? [[subject, answer] as const] : [];
});
if (process.exitCode) throw new Error('the answers stay as they are: something was refused');
await writeAnswers(new Steady().of(Object.fromEntries(ordered)));
