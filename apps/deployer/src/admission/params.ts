// SPDX-License-Identifier: Apache-2.0
import { type ErrorDetail, L45Error } from '@l45/contracts';
import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';

const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: false });
formats.default(ajv);

/** The parameters with the schema's defaults filled in, or INVALID_PARAMS naming each that is wrong. */
export function completeParams(
  params: Record<string, unknown>,
  schema: Record<string, unknown>,
  field = 'params',
): Record<string, unknown> {
  const complete = JSON.parse(JSON.stringify(params)) as Record<string, unknown>;
  // Whatever a schema leaves open: an unknown parameter is a mistake.
  const validate = ajv.compile({ type: 'object', additionalProperties: false, ...schema });
  if (validate(complete)) return complete;
  const known = Object.keys(schema['properties'] ?? {});
  const details = (validate.errors ?? []).map((error) => detailOf(error, field, known));
  throw new L45Error('INVALID_PARAMS', details.map(({ message }) => message).join('; '), details);
}

function detailOf(error: ErrorObject, within: string, known: string[]): ErrorDetail {
  const { keyword: rule, instancePath, params } = error;
  const path = [within, ...instancePath.split('/').slice(1)];
  const property: unknown = params['additionalProperty'] ?? params['missingProperty'];
  if (typeof property === 'string') path.push(property);
  const field = path.join('.');
  return { field, rule, message: explain(error, field, known) };
}

function explain(
  { keyword, params, message = 'is wrong' }: ErrorObject,
  field: string,
  known: string[],
): string {
  switch (keyword) {
    case 'additionalProperties':
      return `unknown parameter ${field}; known here: ${known.join(', ') || 'none'}`;
    case 'required':
      return `${field} is missing`;
    case 'enum':
      return `${field} must be one of ${JSON.stringify(params['allowedValues'])}`;
    default:
      return `${field} ${message}`;
  }
}
