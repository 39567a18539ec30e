// SPDX-License-Identifier: Apache-2.0
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import type { AgentChallengeReply, AgentChallengeRequest } from './challenge.dto.js';

type Vouched = AgentChallengeRequest & Omit<AgentChallengeReply, 'mac'>;

const bytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** What the kernel answers a challenge with; kernel/uapi/l45.yaml has it in words. */
export const challengeMac = (key: Buffer, vouched: Vouched): Buffer =>
  createHmac('sha256', key)
    .update('l45-challenge\0')
    .update(Buffer.from(vouched.nonce, 'hex'))
    .update(bytes(vouched.instance))
    .update(bytes(vouched.bootId))
    .update(Buffer.from(vouched.load, 'hex'))
    .update(Buffer.from(vouched.measurement, 'hex'))
    .update(vouched.host)
    .digest();

/** The key of one instance, of its host's key for this boot. */
export const instanceKey = (hostKey: Buffer, instance: string): Buffer =>
  createHmac('sha256', hostKey).update('l45-instance\0').update(bytes(instance)).digest();

const CIPHER = 'aes-256-gcm';
const NONCE = Buffer.alloc(12);
const PUBLIC = 44;
const TAG = 16;

/** Each sealing has a key of its own, so one nonce is as good as any. */
const sealingKey = (shared: Buffer, context: string): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, '', `l45-sealed ${context}`, 32));

/** So that only the owner of an X25519 key (SPKI, DER, base64) reads it, and for this context. */
export function sealFor(recipient: string, secret: Buffer, context: string): string {
  const publicKey = createPublicKey({
    key: Buffer.from(recipient, 'base64'),
    format: 'der',
    type: 'spki',
  });
  const own = generateKeyPairSync('x25519');
  const shared = diffieHellman({ privateKey: own.privateKey, publicKey });
  const cipher = createCipheriv(CIPHER, sealingKey(shared, context), NONCE);
  const text = Buffer.concat([cipher.update(secret), cipher.final()]);
  const ephemeral = own.publicKey.export({ format: 'der', type: 'spki' });
  return Buffer.concat([ephemeral, cipher.getAuthTag(), text]).toString('base64');
}

/** Throws unless it was sealed for this key and context. */
export function openSealed(privateKey: KeyObject, sealed: string, context: string): Buffer {
  const all = Buffer.from(sealed, 'base64');
  const publicKey = createPublicKey({ key: all.subarray(0, PUBLIC), format: 'der', type: 'spki' });
  const shared = diffieHellman({ privateKey, publicKey });
  const decipher = createDecipheriv(CIPHER, sealingKey(shared, context), NONCE);
  decipher.setAuthTag(all.subarray(PUBLIC, PUBLIC + TAG));
  return Buffer.concat([decipher.update(all.subarray(PUBLIC + TAG)), decipher.final()]);
}

export const hostKeyContext = (host: string, bootId: string): string =>
  `host key ${host} ${bootId}`;
