// SPDX-License-Identifier: Apache-2.0
import {
  DESIRED_BUCKET,
  EVENT_PREFIX,
  type JsonSchema,
  OBSERVED_BUCKET,
  SERVICES,
} from '@l45/contracts';
import specification from '@asyncapi/specs';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { readFileSync } from 'node:fs';
import { type AnyContract, contracts } from './contracts.js';
import type { Schemas } from './schemas.js';

const HOST = { host: { description: 'Name under which the agent of a host reports' } };
const ref = ($ref: string) => ({ $ref });
const keyOf = ({ service, verb }: AnyContract): string => `${service}.${verb}`;
const parametersOf = (address: string) => (address.includes('{host}') ? HOST : undefined);

/** Every subject and message of the system as an AsyncAPI 3.0 document. */
export function asyncapi(schemas: Schemas): object {
  const document = new Document();
  for (const contract of contracts()) {
    document.request(contract, schemas.request(contract), schemas.reply(contract));
  }
  document.message('error', 'Whatever was refused', schemas.ofType('ErrorBody'));
  const { properties } = schemas.ofType('Events') as { properties: Record<string, JsonSchema> };
  for (const [name, schema] of Object.entries(properties)) document.event(name, schema);
  document.state(DESIRED_BUCKET, 'What a host should run', schemas.ofType('DesiredState'));
  document.state(OBSERVED_BUCKET, 'What a host runs', schemas.ofType('ObservedState'));
  return validated(document.finish(schemas.shared));
}

function validated(document: object): object {
  const ajv = formats.default(new Ajv({ strict: false, allErrors: true }));
  // Undefined fields aren't there once it is written.
  const written = JSON.parse(JSON.stringify(document));
  if (ajv.validate(specification.schemasWithoutId['3.0.0'], written)) return written;
  throw new Error(`this is no AsyncAPI document: ${ajv.errorsText()}`);
}

class Document {
  private readonly channels: Record<string, object> = {};
  private readonly operations: Record<string, object> = {};
  private readonly messages: Record<string, object> = {};

  message(name: string, summary: string, payload: JsonSchema, example?: object): void {
    const examples = example && [{ payload: example }];
    this.messages[name] = { name, summary, contentType: 'application/json', payload, examples };
  }

  request(contract: AnyContract, request: JsonSchema, reply: JsonSchema): void {
    const key = keyOf(contract);
    const address = contract.subject.replace('<host>', '{host}');
    this.message(`${key}.request`, contract.summary, request, contract.example);
    this.message(`${key}.reply`, `Answer to ${key}`, reply);
    this.channel(key, address, { request: `${key}.request` });
    this.channel(`${key}.answer`, null, { reply: `${key}.reply`, error: 'error' });
    this.operations[key] = {
      action: 'receive',
      channel: ref(`#/channels/${key}`),
      summary: contract.summary,
      tags: [{ name: contract.service }],
      bindings: { nats: { queue: 'q' } },
      messages: [ref(`#/channels/${key}/messages/request`)],
      reply: {
        address: {
          description: 'The reply subject of the NATS message',
          location: '$message.header#/reply',
        },
        channel: ref(`#/channels/${key}.answer`),
        messages: ['reply', 'error'].map((name) =>
          ref(`#/channels/${key}.answer/messages/${name}`),
        ),
      },
    };
  }

  event(name: string, payload: JsonSchema): void {
    this.message(`events.${name}`, String(payload.description ?? name), payload);
    this.published(`events.${name}`, `${EVENT_PREFIX}.${name}`);
  }

  /** A key a host in a bucket of JetStream. */
  state(bucket: string, summary: string, payload: JsonSchema): void {
    this.message(bucket, summary, payload);
    this.published(bucket, `$KV.${bucket}.{host}`);
  }

  finish(schemas: Record<string, JsonSchema>): object {
    const { version, description } = JSON.parse(readFileSync('package.json', 'utf8'));
    return {
      asyncapi: '3.0.0',
      info: {
        title: 'Layer 4.5',
        version,
        description: `${description}. Payloads are plain JSON.`,
        license: { name: 'Apache-2.0' },
        tags: SERVICES.map((name) => ({ name })),
      },
      defaultContentType: 'application/json',
      servers: { nats: { host: 'nats:4222', protocol: 'nats' } },
      channels: this.channels,
      operations: this.operations,
      components: { messages: this.messages, schemas },
    };
  }

  private channel(key: string, address: string | null, messages: Record<string, string>): void {
    const refs = Object.entries(messages).map(([name, message]) => [
      name,
      ref(`#/components/messages/${message}`),
    ]);
    const parameters = parametersOf(address ?? '');
    this.channels[key] = { address, parameters, messages: Object.fromEntries(refs) };
  }

  private published(key: string, address: string): void {
    this.channel(key, address, { message: key });
    this.operations[key] = {
      action: 'send',
      channel: ref(`#/channels/${key}`),
      messages: [ref(`#/channels/${key}/messages/message`)],
    };
  }
}
