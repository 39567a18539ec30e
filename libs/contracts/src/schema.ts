// SPDX-License-Identifier: Apache-2.0
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage } from 'class-validator';
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';

export type JsonSchema = Record<string, unknown>;

const REF = '#/definitions/';

/** The JSON Schema of a request, self-contained, as its class-validator rules have it. */
export function jsonSchema(request: new () => object): JsonSchema {
  const all = schemasWith(request);
  const definitions: Record<string, JsonSchema> = {};
  const include = (schema: JsonSchema): JsonSchema => {
    for (const [, name] of JSON.stringify(schema).matchAll(new RegExp(`"${REF}([^"]+)"`, 'g'))) {
      const nested = name === undefined ? undefined : all[name];
      if (!name || !nested || name in definitions) continue;
      definitions[name] = closed(nested);
      include(nested);
    }
    return schema;
  };
  const root = include(all[request.name] ?? { type: 'object', properties: {} });
  return Object.keys(definitions).length ? { ...closed(root), definitions } : closed(root);
}

let known: Record<string, JsonSchema> = {};

/** Those of all classes: made once, as it takes long, unless a class with rules came later. */
function schemasWith(request: new () => object): Record<string, JsonSchema> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(request, '', false, false);
  if (rules.length && !(request.name in known)) {
    known = validationMetadatasToSchemas({
      // Knows the classes of nested fields; no index of class-transformer exports it.
      classTransformerMetadataStorage: defaultMetadataStorage,
      refPointerPrefix: REF,
    }) as Record<string, JsonSchema>;
  }
  return known;
}

/** Unknown fields are refused by the bus, so the schema says so. */
const closed = (schema: JsonSchema): JsonSchema => ({ ...schema, additionalProperties: false });
