// SPDX-License-Identifier: Apache-2.0
import { type ErrorDetail, L45Error } from '@l45/contracts';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validate, type ValidationError } from 'class-validator';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A payload as a valid instance of its class; no payload is `{}`. */
export async function parseRequest<T extends object>(
  type: new () => T,
  payload: Uint8Array,
): Promise<T> {
  return validated(type, payload.length === 0 ? {} : parseJson(payload));
}

/** A JSON value as an instance of the class, or VALIDATION, with every field that breaks a rule. */
export async function validated<T extends object>(type: new () => T, value: unknown): Promise<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse([{ field: '', rule: 'isObject', message: 'the payload must be a JSON object' }]);
  }
  const instance = plainToInstance(type, value);
  const errors = await validate(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
  });
  if (errors.length) throw refuse(errors.flatMap((error) => detailsOf(error)));
  return instance;
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload), refuseBuiltIns);
  } catch (error) {
    if (error instanceof L45Error) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    throw new L45Error('MALFORMED', `the payload must be JSON in UTF-8: ${cause}`);
  }
}

/** `__proto__`, `constructor` and the like are no fields of ours, and dangerous to copy. */
function refuseBuiltIns(key: string, value: unknown): unknown {
  if (!(key in Object.prototype)) return value;
  throw refuse([{ field: key, rule: 'whitelistValidation', message: `no field may be "${key}"` }]);
}

const refuse = (details: ErrorDetail[]): L45Error =>
  new L45Error('VALIDATION', details.map(({ message }) => message).join('; '), details);

function detailsOf(error: ValidationError, path = ''): ErrorDetail[] {
  const field = path ? `${path}.${error.property}` : error.property;
  const own = rulesOf(error);
  const nested = (error.children ?? []).flatMap((child) => detailsOf(child, field));
  if (own.length && error.value === undefined) {
    return [{ field, rule: 'required', message: `${field} is missing` }];
  }
  return [
    ...own.map(([rule, text]) => ({ field, rule, message: explain(error, field, rule, text) })),
    ...nested,
  ];
}

/** What has the wrong kind of value breaks all of its rules; only this one helps. */
function rulesOf({ constraints = {} }: ValidationError): [string, string][] {
  const rules = Object.entries(constraints);
  const kind = rules.find(([rule]) => rule === 'isArray' || rule === 'isObject');
  return kind ? [kind] : rules;
}

function explain(error: ValidationError, field: string, rule: string, text: string): string {
  if (rule !== 'whitelistValidation') return text.replace(error.property, field);
  const known = error.target ? fieldsOf(error.target).join(', ') : '';
  return `unknown field ${field}; known here: ${known || 'none'}`;
}

const fieldsOf = (target: object): string[] => [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(target.constructor, '', false, false)
      .map(({ propertyName }) => propertyName),
  ),
];
