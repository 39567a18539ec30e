// SPDX-License-Identifier: Apache-2.0
import { ERRORS, type JsonSchema, SERVICES } from '@l45/contracts';
import stringify from 'json-stringify-pretty-compact';
import type { Answers } from './answers.js';
import { type AnyContract, contracts } from './contracts.js';
import { type Schemas, SHARED } from './schemas.js';

interface ObjectSchema {
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

const MOST_CHARACTERS = 80;
const MOST_ITEMS = 3;

/** Long texts and lists show how they begin. */
function shown(value: unknown): unknown {
  if (typeof value === 'string')
    return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
  if (Array.isArray(value)) {
    const items = value.slice(0, MOST_ITEMS).map(shown);
    return value.length > MOST_ITEMS ? [...items, `… ${value.length - MOST_ITEMS} more`] : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, shown(each)]));
}

const pretty = (value: unknown): string => stringify(shown(value), { maxLength: 96 });

/** What a user types, field by field, and what comes back. */
export function markdown(schemas: Schemas, answers: Answers): string {
  const chapters = SERVICES.map((name) => {
    const verbs = contracts().filter(({ service }) => service === name);
    const sections = verbs.map((contract) => section(contract, schemas, answers));
    return [`## ${name}`, ...sections].join('\n\n');
  });
  return [INTRODUCTION, ...chapters, types(schemas), errors(), ''].join('\n\n');
}

const INTRODUCTION = `# What to say on the bus

Generated from the contracts (\`npm run reference\`). Every request is plain JSON, so the \`nats\`
command line is all that is needed; \`nats micro ls\` and \`nats micro info l45-deployer\` list the same
from the running system, and [asyncapi.yaml](asyncapi.yaml) says it to machines. Unknown fields are
refused. A refusal has the headers \`Nats-Service-Error-Code\` and \`Nats-Service-Error\`, and a body
like \`{"error": {"code", "name", "message", "details"}}\`; see [errors](#errors).

The answers below are those of two virtual hosts (\`npm run reference:record\`). Identifiers, times, digests
and keys are replaced by others, so that they are the same each time; long texts and lists are cut: …`;

function section(contract: AnyContract, schemas: Schemas, answers: Answers): string {
  const { service, verb, subject, summary, example } = contract;
  const recorded = answers[subject];
  const payload = recorded ? recorded.request : example;
  const asked = recorded ? recorded.subject : subject;
  const command = `nats req ${asked} '${Object.keys(payload).length ? JSON.stringify(recorded ? shown(payload) : payload) : ''}'`;
  return [
    `### ${service}.${verb}`,
    summary,
    fence('sh', command),
    ...(recorded ? [fence('json', pretty(recorded.reply))] : []),
    ...table('Field', schemas.request(contract)),
  ].join('\n\n');
}

function table(title: string, { properties = {}, required = [] }: ObjectSchema): string[] {
  const rows = Object.entries(properties).map(([name, schema]) => {
    const { description = '' } = schema as { description?: string };
    const need = required.includes(name) ? 'required' : '';
    return `| \`${name}\` | ${typeOf(schema)} | ${need} | ${cell(String(description))} |`;
  });
  return rows.length ? [[`| ${title} | Type | | |`, '|---|---|---|---|', ...rows].join('\n')] : [];
}

function typeOf(schema: JsonSchema): string {
  const { $ref, enum: values, type, items, minimum, maximum } = schema as Record<string, unknown>;
  if (typeof $ref === 'string') return link($ref.slice(SHARED.length));
  if (Array.isArray(values))
    return values.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (type === 'array') return `list of ${typeOf((items ?? {}) as JsonSchema)}`;
  const range = [minimum, maximum].some((bound) => bound !== undefined);
  return `${String(type ?? 'any')}${range ? ` ${minimum ?? ''}…${maximum ?? ''}` : ''}`;
}

/** What the fields of requests consist of. */
function types(schemas: Schemas): string {
  const names = new Set<string>();
  const visit = (schema: JsonSchema): void => {
    for (const [, name = ''] of JSON.stringify(schema).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (names.has(name)) continue;
      names.add(name);
      visit(schemas.shared[name] ?? {});
    }
  };
  for (const contract of contracts()) visit(schemas.request(contract));
  const sections = [...names].flatMap((name) => [
    `### ${name}`,
    ...table('Field', schemas.shared[name] ?? {}),
  ]);
  return ['## Types', ...sections].join('\n\n');
}

const errors = (): string =>
  [
    '## Errors',
    'A message says what to do; `details` name the field and the rule, the file and the line, or what the kernel said.',
    [
      '| Name | Code |',
      '|---|---|',
      ...Object.entries(ERRORS).map(([n, c]) => `| \`${n}\` | ${c} |`),
    ].join('\n'),
  ].join('\n\n');

const link = (name: string): string => `[${name}](#${name.toLowerCase()})`;
const fence = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');
