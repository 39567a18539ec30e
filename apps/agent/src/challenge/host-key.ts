// SPDX-License-Identifier: Apache-2.0
import {
  hostKeyContext,
  instanceKey,
  type KeyExchange,
  L45Error,
  openSealed,
} from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { AgentConfig } from '../agent.config.js';
import { hostFacts } from '../observe/host-facts.js';

/** The key of this host for this boot: in memory only, and told by the security service alone. */
@Injectable()
export class HostKey {
  readonly identity: KeyExchange;
  private readonly pair = generateKeyPairSync('x25519');
  private key?: Buffer;

  constructor(@Inject(AgentConfig) { L45_HOST: host }: AgentConfig) {
    const publicKey = this.pair.publicKey.export({ format: 'der', type: 'spki' });
    const { bootId } = hostFacts();
    this.identity = { host, bootId, publicKey: publicKey.toString('base64') };
  }

  learn(sealed: string): KeyExchange {
    const { host, bootId } = this.identity;
    try {
      this.key = openSealed(this.pair.privateKey, sealed, hostKeyContext(host, bootId));
    } catch {
      throw new L45Error('NO_KEY', `that was not sealed for the agent that runs on ${host} now`);
    }
    return this.identity;
  }

  ofInstance(id: string): Buffer {
    if (this.key) return instanceKey(this.key, id);
    throw new L45Error('NO_KEY', `${this.identity.host} was told no key since its agent started`);
  }
}
