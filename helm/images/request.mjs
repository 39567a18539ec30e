// SPDX-License-Identifier: Apache-2.0
//
// Sends an empty request to each subject that it is given, prints what is answered, and fails if
// one isn't answered, or with an error. It is what `helm test` runs, and reads the same variables
// as services and the `nats` command do.

import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { readFileSync } from 'node:fs';

const TIMEOUT_MS = 5_000;
const { NATS_URL, NATS_CREDS, NATS_CA, NATS_CERT, NATS_KEY } = process.env;

const connection = await connect({
  servers: NATS_URL?.split(','),
  authenticator: NATS_CREDS && credsAuthenticator(readFileSync(NATS_CREDS)),
  tls:
    NATS_CA || NATS_CERT ? { caFile: NATS_CA, certFile: NATS_CERT, keyFile: NATS_KEY } : undefined,
});

const say = (line) => process.stdout.write(`${line}\n`);

for (const subject of process.argv.slice(2)) {
  try {
    const answer = await connection.request(subject, '{}', { timeout: TIMEOUT_MS });
    const failed = Number(answer.headers?.get('Nats-Service-Error-Code') || 0) !== 0;
    say(`${failed ? 'FAILED' : 'ok'} ${subject} ${answer.string()}`);
    if (failed) process.exitCode = 1;
  } catch (error) {
    say(`FAILED ${subject} ${error.message}`);
    process.exitCode = 1;
  }
}
await connection.close();
