// SPDX-License-Identifier: Apache-2.0
import { type CustomizationManifest, type ErrorDetail, L45Error } from '@l45/contracts';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument, type YAMLError } from 'yaml';

export const MANIFEST_FILE = 'customization.yaml';

/** Reads the text of a customization.yaml, which may come from anybody. */
export class ManifestParser {
  readonly #ajv = new Ajv({ allErrors: true });
  readonly #validate: ValidateFunction<CustomizationManifest>;

  constructor(schema: object) {
    this.#validate = this.#ajv.compile<CustomizationManifest>(schema);
  }

  /** By the schema that people get to read, in the folder of the kernel's sources. */
  static async fromSchemaOf(kernel: string): Promise<ManifestParser> {
    const path = join(kernel, 'customizations/customization.schema.json');
    return new ManifestParser(JSON.parse(await readFile(path, 'utf8')) as object);
  }

  parse(text: string): CustomizationManifest {
    const manifest = plainYaml(text);
    if (!this.#validate(manifest)) throw refuse((this.#validate.errors ?? []).map(fieldDetail));
    this.#checkSchema(manifest.parameters);
    return manifest;
  }

  /** Some mistakes in a schema, such as a broken pattern, only show when it is used. */
  #checkSchema(parameters: object): void {
    try {
      this.#ajv.compile(parameters);
    } catch (error) {
      throw refuse([{ field: 'parameters', rule: 'schema', message: String(error) }]);
    } finally {
      this.#ajv.removeSchema(parameters);
    }
  }
}

/** Without aliases, which a few lines of could expand into gigabytes. */
function plainYaml(text: string): unknown {
  let findings: ErrorDetail[];
  try {
    const document = parseDocument(text, { stringKeys: true, logLevel: 'error' });
    if (!document.errors.length) return document.toJS({ maxAliasCount: 0 });
    findings = document.errors.map(yamlDetail);
  } catch (error) {
    findings = [
      { file: MANIFEST_FILE, message: error instanceof Error ? error.message : 'not YAML' },
    ];
  }
  throw refuse(findings);
}

const refuse = (details: ErrorDetail[]): L45Error =>
  new L45Error('VALIDATION', `${MANIFEST_FILE} is not valid; details say why`, details);

const yamlDetail = ({ linePos, message }: YAMLError): ErrorDetail => ({
  file: MANIFEST_FILE,
  ...(linePos && { line: linePos[0].line, column: linePos[0].col }),
  message: message.split(' at line ')[0] ?? message,
});

function fieldDetail({ instancePath, keyword, params, message }: ErrorObject): ErrorDetail {
  const extra: unknown = params['missingProperty'] ?? params['additionalProperty'];
  const path = [...instancePath.split('/').slice(1), ...(extra === undefined ? [] : [extra])];
  return { file: MANIFEST_FILE, field: path.join('.'), rule: keyword, message: message ?? keyword };
}
