// SPDX-License-Identifier: Apache-2.0
//
// Makes the identities of a control plane, or those that are missing:
//   node dist/identities/main.js <folder>                 as files
//   node dist/identities/main.js --kubernetes <prefix>    as Secrets of the pod's namespace
// What exists is kept, but for new roles and what NATS servers are told.

import { ConfigError, loadConfig } from '@l45/bus';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IdentitiesConfig } from './identities.config.js';
import { AUTHORITY_FILE, identityFiles, isReplaced, parseSeeds } from './identity-files.js';
import { writeSecrets } from './identity-secrets.js';
import { KubernetesSecrets } from './kubernetes-secrets.js';

async function asFiles(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = await readFile(join(folder, AUTHORITY_FILE), 'utf8').catch(unlessCode('ENOENT'));
  for (const [name, text] of await identityFiles(parseSeeds(known))) {
    const flag = isReplaced(name) ? 'w' : 'wx';
    const options = { mode: 0o600, flag };
    await writeFile(join(folder, name), text, options).catch(unlessCode('EEXIST'));
  }
}

const unlessCode = (code: string) => (error: NodeJS.ErrnoException) => {
  if (error.code !== code) throw error;
  return undefined;
};

const [first, second] = process.argv.slice(2);
if (first === '--kubernetes' && second)
  await writeSecrets(await KubernetesSecrets.open(loadConfig(IdentitiesConfig)), second);
else if (first && !first.startsWith('-')) await asFiles(first);
else throw new ConfigError('Say where: a folder, or --kubernetes and a prefix of Secrets');
