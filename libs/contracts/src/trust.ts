// SPDX-License-Identifier: Apache-2.0
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { TrustedKey } from './security.dto.js';

/** What a key says of its successor. */
const endorsed = ({ id, publicKey, notBefore }: Omit<TrustedKey, 'endorsement'>): Buffer =>
  Buffer.from(JSON.stringify(['l45-key', id, publicKey, notBefore]));

/** A new key is vouched for by the one before it, so that hosts that trust that one follow. */
export const endorse = (
  successor: Omit<TrustedKey, 'endorsement'>,
  key: string,
  privateKey: KeyObject,
): TrustedKey => ({
  ...successor,
  endorsement: { key, value: sign(null, endorsed(successor), privateKey).toString('base64') },
});

/** Those that are trusted, and those that one of them vouches for, directly or not. */
export function withSuccessors(trusted: TrustedKey[], offered: TrustedKey[]): TrustedKey[] {
  const found = new Map(trusted.map((key) => [key.id, key]));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const key of offered)
      if (!found.has(key.id) && isEndorsed(key, found)) found.set(key.id, key);
  }
  // An end may have been set since.
  return [...found.values()].map((key) => {
    const notAfter = key.notAfter ?? offered.find(({ id }) => id === key.id)?.notAfter;
    return notAfter ? { ...key, notAfter } : key;
  });
}

function isEndorsed(key: TrustedKey, by: ReadonlyMap<string, TrustedKey>): boolean {
  const endorser = key.endorsement && by.get(key.endorsement.key);
  if (!key.endorsement || !endorser) return false;
  if (endorser.notAfter && endorser.notAfter < key.notBefore) return false;
  const value = Buffer.from(key.endorsement.value, 'base64');
  return verify(null, endorsed(key), publicKeyOf(endorser), value);
}

export const publicKeyOf = ({ publicKey }: Pick<TrustedKey, 'publicKey'>): KeyObject =>
  createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
