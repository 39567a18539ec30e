// SPDX-License-Identifier: Apache-2.0
//
// node dist/identities/main.js <folder>: makes the identities of a control plane, or those that
// are missing there. Nothing that exists is replaced, but for what NATS servers are told.

import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AUTHORITY_FILE, identityFiles, SERVER_FILE } from './identity-files.js';

const [folder] = process.argv.slice(2);
if (!folder) {
  process.stderr.write('Usage: node dist/identities/main.js <folder>\n');
  process.exit(1);
}
await mkdir(folder, { recursive: true, mode: 0o700 });
const authority = join(folder, AUTHORITY_FILE);
const known = existsSync(authority) ? JSON.parse(await readFile(authority, 'utf8')) : undefined;
for (const [name, text] of await identityFiles(known)) {
  const file = join(folder, name);
  if (existsSync(file) && name !== SERVER_FILE && name !== AUTHORITY_FILE) continue;
  await writeFile(file, text, { mode: 0o600 });
  process.stdout.write(`${file}\n`);
}
