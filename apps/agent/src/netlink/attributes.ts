// SPDX-License-Identifier: Apache-2.0
import { readU16, readU32, readU64, u16, u32, u64, u8 } from './host-order.js';
import { joinAttribute, MalformedMessage, splitAttributes, textOf } from './raw-attributes.js';
import { attributeSets } from './uapi.generated.js';

type Sets = typeof attributeSets;
export type SetName = keyof Sets;
type Scalars = {
  u8: number;
  u16: number;
  u32: number;
  u64: bigint;
  string: string;
  binary: Buffer;
};

type Single<A> = A extends { type: 'nest'; nested: infer N extends SetName }
  ? Attributes<N>
  : A extends { type: infer T extends keyof Scalars }
    ? Scalars[T]
    : never;
type Field<A> = A extends { multi: true } ? Single<A>[] : Single<A>;

/** A message, as the table of its attribute set describes it. */
export type Attributes<S extends SetName> = { [K in keyof Sets[S]]?: Field<Sets[S][K]> };

/** The same tables, and messages, seen without their literal types. */
interface Attribute {
  id: number;
  type: keyof Scalars | 'nest';
  nested?: SetName;
  multi?: boolean;
}
type Value = Scalars[keyof Scalars] | Message;
interface Message {
  [name: string]: Value | Value[] | undefined;
}
const tables: Record<SetName, Record<string, Attribute>> = attributeSets;

const WIDTHS = { u8: 1, u16: 2, u32: 4, u64: 8 };

export const encode = <S extends SetName>(set: S, attributes: Attributes<S>): Buffer =>
  encodeMessage(set, attributes as Message);

export const decode = <S extends SetName>(set: S, bytes: Buffer): Attributes<S> =>
  decodeMessage(set, bytes) as Attributes<S>;

function encodeMessage(set: SetName, message: Message): Buffer {
  const parts = Object.entries(message).flatMap(([name, value]) => {
    const attribute = tables[set][name];
    if (!attribute || value === undefined) return [];
    const values = Array.isArray(value) ? value : [value];
    return values.map((single) => encodeAttribute(attribute, single));
  });
  return Buffer.concat(parts);
}

function encodeAttribute({ id, type, nested }: Attribute, value: Value): Buffer {
  if (nested) {
    return joinAttribute({ type: id, payload: encodeMessage(nested, value as Message) }, true);
  }
  return joinAttribute({ type: id, payload: encodeScalar(type, value) });
}

function encodeScalar(type: Attribute['type'], value: Value): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value === 'bigint') return u64(value);
  if (type === 'u8') return u8(Number(value));
  return type === 'u16' ? u16(Number(value)) : u32(Number(value));
}

function decodeMessage(set: SetName, bytes: Buffer): Message {
  const message: Message = {};
  const table = Object.entries(tables[set]);
  for (const { type, payload } of splitAttributes(bytes)) {
    const [name, attribute] = table.find(([, { id }]) => id === type) ?? [];
    // Padding, or an attribute that a newer module adds.
    if (!name || !attribute) continue;
    const value = decodeValue(`${set}.${name}`, attribute, payload);
    const earlier = message[name];
    if (!attribute.multi) message[name] = value;
    else message[name] = Array.isArray(earlier) ? [...earlier, value] : [value];
  }
  return message;
}

function decodeValue(name: string, { type, nested }: Attribute, payload: Buffer): Value {
  if (nested) return decodeMessage(nested, payload);
  if (type === 'binary') return Buffer.from(payload);
  if (type === 'string') return textOf(payload);
  const width = WIDTHS[type as keyof typeof WIDTHS];
  if (payload.length !== width) {
    throw new MalformedMessage(`${name} has ${payload.length} bytes instead of ${width}`);
  }
  if (type === 'u64') return readU64(payload);
  if (type === 'u32') return readU32(payload);
  return type === 'u16' ? readU16(payload) : payload.readUInt8();
}
