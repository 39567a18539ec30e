// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'scripts/reference/answers.json';

/** What real services on real hosts answered, by the subject of the contract. */
export type Answers = Record<string, { subject: string; request: object; reply: unknown }>;

export const readAnswers = (): Answers => JSON.parse(readFileSync(FILE, 'utf8'));
export const writeAnswers = (answers: Answers): void =>
  writeFileSync(FILE, `${JSON.stringify(answers, null, 2)}\n`);
