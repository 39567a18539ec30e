// SPDX-License-Identifier: Apache-2.0
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/** Encrypts what must not be read in the database or in a backup of it (AES-256-GCM). */
export class Sealer {
  readonly #key: Buffer;

  constructor(private readonly masterKey: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', masterKey, '', 'l45 seal', 32));
  }

  /** `place` says what it is and whose; only with the same place can it be opened. */
  seal(secret: Buffer, place: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(place));
    const text = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), text]);
  }

  /** 32 bytes that nobody knows without the master key; the same for the same purpose. */
  derive(purpose: string): Buffer {
    return Buffer.from(hkdfSync('sha256', this.masterKey, '', `l45 derive ${purpose}`, 32));
  }

  open(sealed: Buffer, place: string): Buffer {
    const nonce = sealed.subarray(1, 1 + NONCE);
    const tag = sealed.subarray(1 + NONCE, 1 + NONCE + TAG);
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce)
        .setAAD(Buffer.from(place))
        .setAuthTag(tag);
      return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE + TAG)), decipher.final()]);
    } catch (cause) {
      const advice = 'L45_MASTER_KEY must be the one with which it was stored';
      throw new Error(`${place} cannot be decrypted: ${advice}`, { cause });
    }
  }
}
