// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';
import { formatted } from '../generated.js';

const FILE = 'scripts/reference/answers.json';

/** What real services on real hosts answered, by the subject of the contract. */
export type Answers = Record<string, { subject: string; request: object; reply: unknown }>;

export const readAnswers = (): Answers => JSON.parse(readFileSync(FILE, 'utf8'));
export async function writeAnswers(answers: Answers): Promise<void> {
  writeFileSync(FILE, await formatted(FILE, JSON.stringify(answers)));
}
