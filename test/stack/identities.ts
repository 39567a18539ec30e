// SPDX-License-Identifier: Apache-2.0
import type { BusRole, ServiceName } from '@l45/contracts';
import { type ConnectionOptions, credsAuthenticator } from '@nats-io/transport-node';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  AUTHORITY_FILE,
  credsFile,
  SERVER_FILE,
} from '../../apps/security/src/identities/identity-files.js';

/** The identities of a control plane, in a folder. */
export class Identities {
  private constructor(private readonly folder: string) {}

  static async create(folder: string): Promise<Identities> {
    await promisify(execFile)(process.execPath, ['dist/identities/main.js', folder]);
    const identities = new Identities(folder);
    const resolver = `resolver { type: full, dir: "${join(folder, 'accounts')}" }`;
    await writeFile(identities.serverConfig, `include ./${SERVER_FILE}\n${resolver}\n`);
    return identities;
  }

  get serverConfig(): string {
    return join(this.folder, 'nats.conf');
  }

  get authority(): string {
    return join(this.folder, AUTHORITY_FILE);
  }

  creds(role: BusRole): string {
    return join(this.folder, credsFile(role));
  }

  environment(service: Exclude<ServiceName, 'agent'>): NodeJS.ProcessEnv {
    const authority = service === 'security' ? { L45_NATS_AUTHORITY: this.authority } : {};
    return { NATS_CREDS: this.creds(service), ...authority };
  }

  async as(role: BusRole): Promise<Pick<ConnectionOptions, 'authenticator'>> {
    return { authenticator: credsAuthenticator(await readFile(this.creds(role))) };
  }
}
