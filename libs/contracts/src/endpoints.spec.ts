// SPDX-License-Identifier: Apache-2.0
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { plainToInstance } from 'class-transformer';
import { validate } from 'class-validator';
import { ENDPOINTS, type EndpointContract } from './endpoints.js';
import { jsonSchema } from './schema.js';

const contracts = Object.values(ENDPOINTS).flatMap(
  (verbs) => Object.values(verbs) as EndpointContract<object, unknown>[],
);

describe.each(contracts.map((contract) => [contract.subject, contract] as const))(
  '%s',
  (_, { request, example }) => {
    it('has an example that its rules accept', async () => {
      const errors = await validate(plainToInstance(request, example), {
        whitelist: true,
        forbidNonWhitelisted: true,
        forbidUnknownValues: false,
      });
      expect(errors).toEqual([]);
    });

    it('has a self-contained JSON Schema that accepts the example and refuses unknown fields', () => {
      const accepts = addFormats.default(new Ajv({ strict: false })).compile(jsonSchema(request));
      expect(accepts(example)).toBe(true);
      expect(accepts({ ...example, unknown: 1 })).toBe(false);
    });
  },
);

it('the JSON Schema knows the rules of nested objects', () => {
  const { request, example } = ENDPOINTS.deployer.deploy;
  const accepts = new Ajv({ strict: false }).compile(jsonSchema(request));
  for (const ends of [[], 'client', { client: { hosts: [] } }, { client: { host: 'x' } }]) {
    expect(accepts({ ...example, ends })).toBe(false);
  }
});
