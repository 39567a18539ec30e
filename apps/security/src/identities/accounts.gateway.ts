// SPDX-License-Identifier: Apache-2.0
import { BusConfig, connect } from '@l45/bus';
import { Injectable } from '@nestjs/common';
import { jwtAuthenticator } from '@nats-io/transport-node';
import type { Authority } from './authority.js';

const UPDATE = '$SYS.REQ.CLAIMS.UPDATE';
const INBOX = '_INBOX.accounts';

/** What NATS servers know of our account. */
@Injectable()
export class AccountsGateway {
  constructor(private readonly config: BusConfig) {}

  /** Resolves once a server has taken it, which tells the others and drops whom it revokes. */
  async update(authority: Authority, accountJwt: string): Promise<void> {
    const { jwt, seed } = await authority.systemUser();
    const connection = await connect(this.config, {
      name: 'l45-accounts',
      inboxPrefix: INBOX,
      authenticator: jwtAuthenticator(jwt, seed),
      // Others wait for their turn meanwhile.
      waitOnFirstConnect: false,
    });
    try {
      const answer = await connection.request(UPDATE, accountJwt);
      const { error } = answer.json<{ error?: { description?: string } }>();
      if (error) throw new Error(`NATS refuses the account: ${error.description}`);
    } finally {
      await connection.close();
    }
  }
}
