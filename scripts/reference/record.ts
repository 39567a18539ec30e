// SPDX-License-Identifier: Apache-2.0
//
// Asks every service every example of the contracts, on the fleet of the scenarios, and keeps the
// answers for docs/nats.md. Run it when the contracts have changed: `npm run reference:record`.

import 'reflect-metadata';
import { Fleet } from '../../test/fleet/index.js';
import { type Answers, writeAnswers } from './answers.js';
import { contracts } from './contracts.js';

const fleet = await Fleet.start();
try {
  const answers: Answers = {};
  for (const { subject, example } of contracts()) {
    const asked = subject.replace('<host>', 'client');
    const { errorCode, body } = await fleet.stack.request(asked, example, 90_000);
    console.log(`${asked}: ${errorCode ? body.error?.message : 'answered'}`);
    if (!errorCode) answers[subject] = { subject: asked, request: example, reply: body };
  }
  writeAnswers(answers);
} finally {
  await fleet.stop();
}
