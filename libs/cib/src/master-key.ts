// SPDX-License-Identifier: Apache-2.0
import { ConfigError } from '@l45/bus';
import { IsOptional, IsString, Matches } from 'class-validator';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const HEX = /^[0-9a-f]{64}$/;
const RULE = 'must be 64 hex digits: openssl rand -hex 32';

/** Where a service that stores keys finds the one that encrypts them. */
export class MasterKeyConfig {
  /** 32 bytes in hex, the same for all replicas. */
  @IsOptional()
  @Matches(HEX, { message: `$property ${RULE}` })
  L45_MASTER_KEY?: string;

  /** File with the key, made at the first start; used when L45_MASTER_KEY is not set. */
  @IsString()
  L45_MASTER_KEY_FILE = join(
    process.env['L45_CACHE'] ?? join(homedir(), '.cache/layer45'),
    'master.key',
  );
}

/** The key that encrypts all others. */
export function masterKey({ L45_MASTER_KEY, L45_MASTER_KEY_FILE }: MasterKeyConfig): Buffer {
  return Buffer.from(L45_MASTER_KEY ?? fromFile(L45_MASTER_KEY_FILE), 'hex');
}

function fromFile(file: string): string {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // Whoever comes first makes it; all others read it.
    writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new ConfigError(`Set L45_MASTER_KEY: ${file} cannot be written (${String(error)})`);
  }
  const text = readFileSync(file, 'utf8').trim();
  if (!HEX.test(text)) throw new ConfigError(`${file} (L45_MASTER_KEY_FILE) ${RULE}`);
  return text;
}
