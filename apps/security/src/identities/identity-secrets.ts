// SPDX-License-Identifier: Apache-2.0
import {
  AUTHORITY_FILE,
  identityFiles,
  isReplaced,
  parseSeeds,
  SERVER_FILE,
} from './identity-files.js';
import type { KubernetesSecrets } from './kubernetes-secrets.js';

/** Makes the Secrets that pods mount; their names begin with the prefix. */
export async function writeSecrets(secrets: KubernetesSecrets, prefix: string): Promise<void> {
  const known = await secrets.read(`${prefix}issuer`, AUTHORITY_FILE);
  for (const [file, text] of await identityFiles(parseSeeds(known))) {
    const [name, key] = secretOf(file);
    await secrets.write(`${prefix}${name}`, key, text, isReplaced(file));
  }
}

function secretOf(file: string): [name: string, key: string] {
  if (file === AUTHORITY_FILE) return ['issuer', file];
  if (file === SERVER_FILE) return ['accounts', file];
  return [file.replace('.creds', ''), 'nats.creds'];
}
