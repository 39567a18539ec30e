// SPDX-License-Identifier: Apache-2.0
import { type EndpointContract, ENDPOINTS, type JsonSchema, jsonSchema } from '@l45/contracts';
import { createGenerator } from 'ts-json-schema-generator';
import ts from 'typescript';

const CONTRACTS = 'libs/contracts/src/index.ts';
const LOCAL = '#/definitions/';
export const SHARED = '#/components/schemas/';

type Definitions = Record<string, JsonSchema>;

/** The schemas of all messages, with what they share collected under one roof. */
export class Schemas {
  readonly shared: Definitions = {};
  private readonly generator = createGenerator({
    path: CONTRACTS,
    tsconfig: 'tsconfig.json',
    skipTypeCheck: true,
    additionalProperties: false,
    topRef: false,
  });
  private readonly replies = replyTypes();

  /** As the rules of class-validator have it. */
  request({ request }: EndpointContract<object, unknown>): JsonSchema {
    return this.share(jsonSchema(request));
  }

  reply(contract: EndpointContract<object, unknown>): JsonSchema {
    const type = this.replies.get(contract.subject);
    if (!type) throw new Error(`${contract.subject} has no type of reply`);
    return this.ofType(type);
  }

  /** Of an exported type of the contracts. */
  ofType(type: string): JsonSchema {
    const { $schema: _, ...schema } = this.generator.createSchema(type) as JsonSchema;
    return this.share(schema);
  }

  private share(schema: JsonSchema): JsonSchema {
    const { definitions = {}, ...rest } = JSON.parse(
      JSON.stringify(schema).replaceAll(`"${LOCAL}`, `"${SHARED}`),
    ) as JsonSchema & { definitions?: Definitions };
    for (const [name, definition] of Object.entries(definitions)) this.shared[name] ??= definition;
    return rest;
  }
}

/** The registry carries the type of an answer as a type only, so the compiler is asked. */
function replyTypes(): Map<string, string> {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
    ts.sys,
    '.',
  );
  const program = ts.createProgram([CONTRACTS], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(CONTRACTS);
  const module = source && checker.getSymbolAtLocation(source);
  const registry = module && checker.getExportsOfModule(module).find((s) => s.name === 'ENDPOINTS');
  if (!registry) throw new Error(`${CONTRACTS} exports no ENDPOINTS`);
  const members = (type: ts.Type) =>
    type.getProperties().map((symbol) => [symbol.name, checker.getTypeOfSymbol(symbol)] as const);
  return new Map(
    members(checker.getTypeOfSymbol(registry)).flatMap(([service, verbs]) =>
      members(verbs).map(([verb, contract]): [string, string] => {
        const [, reply] = checker.getTypeArguments(contract as ts.TypeReference);
        const endpoints: Record<string, { subject: string }> = ENDPOINTS[service as 'deployer'];
        return [endpoints[verb]?.subject ?? '', (reply?.aliasSymbol ?? reply?.symbol)?.name ?? ''];
      }),
    ),
  );
}
