// SPDX-License-Identifier: Apache-2.0
import { BusClient, BusConfig, ConfigError, connect } from '@l45/bus';
import { ENDPOINTS, type Enrolment, L45Error } from '@l45/contracts';
import { decode, fmtCreds } from '@nats-io/jwt';
import { createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';
import { type Authenticator, credsAuthenticator, jwtAuthenticator } from '@nats-io/transport-node';
import { Logger } from '@nestjs/common';
import { IsOptional, IsString } from 'class-validator';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { readIfThere, writeDurably } from '../durable-file.js';

const RETRY_MS = 1_000;
const logger = new Logger('Enrolment');

/** How an agent gets its identity, once. */
export class EnrolConfig extends BusConfig {
  /**
   * Token of an invitation (`l45.security.invite`), or the path of a file with one of Kubernetes:
   * with it the agent makes the file NATS_CREDS, if it is not there.
   */
  @IsOptional()
  @IsString()
  L45_ENROL_TOKEN?: string;

  /** File with the credentials to ask with; absent: the token is enough. */
  @IsOptional()
  @IsString()
  L45_ENROL_CREDS?: string;
}

/**
 * Makes the credentials of this host's agent, unless they are there. The private key is made here
 * and leaves the host never; asking goes on until there is an answer.
 */
export async function enrol(
  config: EnrolConfig,
  own: Pick<Enrolment, 'host' | 'role'>,
): Promise<void> {
  const { L45_ENROL_TOKEN, NATS_CREDS } = config;
  if (!L45_ENROL_TOKEN || (NATS_CREDS && existsSync(NATS_CREDS))) return;
  if (!NATS_CREDS)
    throw new ConfigError('Set NATS_CREDS: where the credentials go that L45_ENROL_TOKEN gets');
  const seedFile = `${NATS_CREDS}.seed`;
  const key = await keyIn(seedFile);
  const { host, role, jwt } = await untilAnswered(config, L45_ENROL_TOKEN, key.getPublicKey());
  if (host !== own.host || role !== own.role)
    throw new ConfigError(
      `The token is for the ${role} ${host}, this is the ${own.role} ${own.host}: set L45_HOST and L45_ROLE`,
    );
  await writeDurably(NATS_CREDS, fmtCreds(jwt, key));
  await rm(seedFile);
  logger.log(`enrolled as ${role} ${host}`);
}

/** Kept before anybody is told of it: a lost answer is asked for again with the same key. */
async function keyIn(file: string): Promise<KeyPair> {
  const known = await readIfThere(file);
  if (known) return fromSeed(known);
  const key = createUser();
  await writeDurably(file, key.getSeed());
  return key;
}

async function untilAnswered(
  config: EnrolConfig,
  given: string,
  publicKey: string,
): Promise<Enrolment> {
  let problem = '';
  for (;;) {
    // One of Kubernetes is another one after some time.
    const token = given.startsWith('/') ? (await readFile(given, 'utf8')).trim() : given;
    try {
      return await ask(config, token, publicKey);
    } catch (error) {
      const { name, message } = error as Error;
      if (error instanceof ConfigError) throw error;
      if (!(error instanceof L45Error) || (name !== 'UNAVAILABLE' && name !== 'TIMEOUT')) {
        throw new ConfigError(`Cannot enrol: ${message}`);
      }
      if (message !== problem) logger.warn(`asking again: ${message}`);
      problem = message;
    }
    await delay(RETRY_MS);
  }
}

async function ask(config: EnrolConfig, token: string, publicKey: string): Promise<Enrolment> {
  const { name, authenticator } = await visitor(config, token);
  const inboxPrefix = `_INBOX.newcomer.${name}`;
  const connection = await connect(config, { name: 'l45-enrol', inboxPrefix, authenticator });
  try {
    return await new BusClient(connection).request(ENDPOINTS.security.enrol, { token, publicKey });
  } finally {
    await connection.close();
  }
}

/** As whom to ask: an invitation is a user of NATS as well. */
async function visitor(
  { L45_ENROL_CREDS }: EnrolConfig,
  token: string,
): Promise<{ name: string; authenticator: Authenticator }> {
  if (!L45_ENROL_CREDS) return { name: nameIn(token), authenticator: jwtAuthenticator(token) };
  return { name: 'newcomer', authenticator: credsAuthenticator(await readFile(L45_ENROL_CREDS)) };
}

function nameIn(token: string): string {
  try {
    return decode(token).name;
  } catch {
    // The reason would quote it.
    throw new ConfigError('Set L45_ENROL_TOKEN to the token that l45.security.invite answers');
  }
}
