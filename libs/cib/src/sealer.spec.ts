// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { masterKey, MasterKeyConfig } from './master-key.js';
import { Sealer } from './sealer.js';

describe('the sealer', () => {
  const secret = Buffer.from('do not tell');
  const key = randomBytes(32);

  it('gives back what it sealed, each time in another form', () => {
    const sealer = new Sealer(key);
    const [one, other] = [sealer.seal(secret, 'key 1'), sealer.seal(secret, 'key 1')];
    expect(one).not.toEqual(other);
    expect(one.includes(secret)).toBe(false);
    expect(new Sealer(key).open(one, 'key 1')).toEqual(secret);
  });

  it('opens nothing that was changed, moved, or sealed with another master key', () => {
    const sealed = new Sealer(key).seal(secret, 'key 1');
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(() => new Sealer(key).open(changed, 'key 1')).toThrow('L45_MASTER_KEY');
    expect(() => new Sealer(key).open(sealed, 'key 2')).toThrow('key 2 cannot be decrypted');
    expect(() => new Sealer(randomBytes(32)).open(sealed, 'key 1')).toThrow('L45_MASTER_KEY');
  });
});

describe('the master key', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'l45-master-')), 'inner', 'master.key');
  const config: MasterKeyConfig = { L45_MASTER_KEY_FILE: file };

  it('is made once, for its owner only', () => {
    const key = masterKey(config);
    expect(key).toHaveLength(32);
    expect(masterKey(config)).toEqual(key);
    expect(readFileSync(file, 'utf8').trim()).toBe(key.toString('hex'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is taken from the environment where that has one', () => {
    const key = randomBytes(32);
    expect(masterKey({ ...config, L45_MASTER_KEY: key.toString('hex') })).toEqual(key);
  });

  it('of a broken file is refused, naming the file', () => {
    writeFileSync(file, 'short');
    expect(() => masterKey(config)).toThrow(file);
  });
});
