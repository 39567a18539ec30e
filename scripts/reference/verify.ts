// SPDX-License-Identifier: Apache-2.0
import { ENDPOINTS } from '@l45/contracts';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import type { Answers } from './answers.js';
import { contracts } from './contracts.js';
import type { Schemas } from './schemas.js';

/** Nobody but the security service can seal what it asks with. */
const UNANSWERED = [ENDPOINTS.agent.key.subject];

/** What is wrong with the recorded answers by now: missing, or no longer what the contracts say. */
export function mistakesIn(answers: Answers, schemas: Schemas): string[] {
  const ajv = formats.default(new Ajv({ strict: false }));
  return contracts().flatMap((contract) => {
    const { subject } = contract;
    const recorded = answers[subject];
    if (!recorded) return UNANSWERED.includes(subject) ? [] : [`${subject}: no answer is recorded`];
    const schema = { ...schemas.reply(contract), components: { schemas: schemas.shared } };
    if (ajv.validate(schema, recorded.reply)) return [];
    return [`${subject}: the recorded answer is none any more: ${ajv.errorsText()}`];
  });
}
