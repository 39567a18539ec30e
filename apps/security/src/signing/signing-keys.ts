// SPDX-License-Identifier: Apache-2.0
import { Sealer, Transactions } from '@l45/cib';
import { endorse, keyId, type TrustedKey } from '@l45/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type EntityManager, IsNull } from 'typeorm';
import { SigningKeyRow } from '../storage/signing-key.entity.js';

const TURN = 'signing keys';

export interface SigningKey {
  id: string;
  privateKey: KeyObject;
}

/** The keys that sign artifacts, one at a time. */
@Injectable()
export class SigningKeys {
  readonly #logger = new Logger(SigningKeys.name);

  constructor(
    private readonly transactions: Transactions,
    private readonly sealer: Sealer,
  ) {}

  /** The one that signs, made when there is none. */
  async current(): Promise<SigningKey> {
    const row =
      (await this.transactions.run(present)) ??
      (await this.transactions.exclusively(
        TURN,
        async (manager) => (await present(manager)) ?? this.#create(manager),
      ));
    return this.#open(row);
  }

  /** All that ever signed, oldest first. */
  async trusted(): Promise<TrustedKey[]> {
    await this.current();
    return this.transactions.run(listed);
  }

  /** Another key signs from now on; the present one counts for so many seconds more. */
  rotate(overlap: number): Promise<TrustedKey[]> {
    return this.transactions.exclusively(TURN, async (manager) => {
      const before = await present(manager);
      await this.#create(manager, before ? this.#open(before) : undefined);
      if (before) {
        const notAfter = new Date(Date.now() + overlap * 1_000);
        await manager.update(SigningKeyRow, { id: before.id }, { notAfter });
      }
      return listed(manager);
    });
  }

  async #create(manager: EntityManager, endorser?: SigningKey): Promise<SigningKeyRow> {
    const pair = generateKeyPairSync('ed25519');
    const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    const id = keyId(publicKey);
    const notBefore = new Date();
    const key = { id, publicKey, notBefore: notBefore.toISOString() };
    const row = manager.create(SigningKeyRow, {
      id,
      publicKey,
      privateKey: this.sealer.seal(
        pair.privateKey.export({ format: 'der', type: 'pkcs8' }),
        placeOf(id),
      ),
      notBefore,
      notAfter: null,
      endorsement: endorser
        ? (endorse(key, endorser.id, endorser.privateKey).endorsement ?? null)
        : null,
    });
    await manager.insert(SigningKeyRow, row);
    this.#logger.log(`artifacts are signed with key ${id} from now on`);
    return row;
  }

  #open({ id, privateKey }: SigningKeyRow): SigningKey {
    const key = this.sealer.open(privateKey, placeOf(id));
    return { id, privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }) };
  }
}

const placeOf = (id: string): string => `signing key ${id}`;

const present = (manager: EntityManager): Promise<SigningKeyRow | null> =>
  manager.findOneBy(SigningKeyRow, { notAfter: IsNull() });

async function listed(manager: EntityManager): Promise<TrustedKey[]> {
  const rows = await manager.find(SigningKeyRow, { order: { notBefore: 'ASC' } });
  return rows.map(({ id, publicKey, notBefore, notAfter, endorsement }) => ({
    id,
    publicKey,
    notBefore: notBefore.toISOString(),
    ...(notAfter && { notAfter: notAfter.toISOString() }),
    ...(endorsement && { endorsement }),
  }));
}
