// SPDX-License-Identifier: Apache-2.0
import { validationMetadatasToSchemas } from 'class-validator-jsonschema';
import { createRequire } from 'node:module';

export type JsonSchema = Record<string, unknown>;

// class-transformer exports its storage, which knows the classes of nested fields, from no
// index; ES modules may not import what `exports` leaves out, hence require.
const { defaultMetadataStorage } = createRequire(import.meta.url)(
  'class-transformer/cjs/storage.js',
) as { defaultMetadataStorage: never };

const REF = '#/definitions/';

/** The JSON Schema of a request, self-contained, as its class-validator rules have it. */
export function jsonSchema(request: new () => object): JsonSchema {
  const all = validationMetadatasToSchemas({
    classTransformerMetadataStorage: defaultMetadataStorage,
    refPointerPrefix: REF,
  }) as Record<string, JsonSchema>;
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

/** Unknown fields are refused by the bus, so the schema says so. */
const closed = (schema: JsonSchema): JsonSchema => ({ ...schema, additionalProperties: false });
