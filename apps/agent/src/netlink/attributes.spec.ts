// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from 'node:crypto';
import { type Attributes, decode, encode, type SetName } from './attributes.js';
import { joinAttribute, MalformedMessage } from './raw-attributes.js';
import { attributeSets } from './uapi.generated.js';

interface Row {
  id: number;
  type: string;
  nested?: SetName;
  multi?: boolean;
}
const tables: Record<SetName, Record<string, Row>> = attributeSets;
const samples: Record<string, unknown[]> = {
  u8: [255, 0],
  u16: [65_535, 8_080],
  u32: [4_294_967_295, 0],
  u64: [18_446_744_073_709_551_615n, 0n],
  string: ['dig', ''],
  binary: [Buffer.from([1, 2, 3, 4, 5]), Buffer.alloc(0)],
};

/** Every attribute of a set with a value, as far down as it nests. */
function sample(set: SetName): Record<string, unknown> {
  const entries = Object.entries(tables[set]).map(([name, { type, nested, multi }]) => {
    const values = nested ? [sample(nested), {}] : (samples[type] ?? []);
    return [name, multi ? values : values[0]];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

describe('attributes', () => {
  const sets = Object.keys(tables) as SetName[];

  it.each(sets)('encodes and decodes every attribute of the set %s', (set) => {
    const message = sample(set) as Attributes<typeof set>;
    expect(decode(set, encode(set, message))).toEqual(message);
  });

  it('marks nests, terminates strings and pads to 4 bytes, as the kernel insists on', () => {
    const bytes = encode('instance', { customization: 'tag', match: { application: ['ab'] } });
    expect(bytes.toString('hex')).toBe('08000300746167000c0005800700020061620000');
  });

  it('leaves out what is undefined', () => {
    expect(encode('instance', { id: undefined })).toHaveLength(0);
  });

  it('ignores attributes that it does not know', () => {
    const unknown = joinAttribute({ type: 999, payload: Buffer.from('new') });
    const known = encode('core', { abi: 1 });
    expect(decode('core', Buffer.concat([unknown, known]))).toEqual({ abi: 1 });
  });

  it.each([
    ['a header cut short', Buffer.from([4, 0, 1])],
    ['a length below the header', Buffer.from([3, 0, 2, 0])],
    ['a length beyond the end', Buffer.from([9, 0, 2, 0, 1, 0, 0, 0])],
    ['a number of the wrong width', joinAttribute({ type: 2, payload: Buffer.from([1]) })],
  ])('refuses %s', (_, bytes) => {
    expect(() => decode('core', bytes)).toThrow(MalformedMessage);
  });

  it('survives any bytes: it decodes them or refuses them', () => {
    const inputs = Array.from({ length: 2_000 }, (_, round) => {
      const bytes = randomBytes(round % 96);
      // Small lengths and types, so that the bytes often look like attributes.
      for (let at = 0; at + 4 <= bytes.length; at += 8) {
        bytes.set([4 + ((bytes[at] ?? 0) % 24), 0, (bytes[at + 2] ?? 0) % 16, 0], at);
      }
      return bytes;
    });
    expect(surprises(inputs)).toEqual([]);
  });

  it('survives every truncation and every flipped byte of a valid message', () => {
    const valid = encode('instance', sample('instance') as Attributes<'instance'>);
    const inputs = Array.from(valid).flatMap((byte, at) => {
      const flipped = Buffer.from(valid);
      flipped.writeUInt8(byte ^ 0xff, at);
      return [valid.subarray(0, at), flipped];
    });
    expect(surprises(inputs)).toEqual([]);
  });
});

/** What decoding fails with, other than a refusal. */
function surprises(inputs: Buffer[]): unknown[] {
  return inputs.flatMap((bytes) => {
    try {
      decode('instance', bytes);
      return [];
    } catch (error) {
      return error instanceof MalformedMessage ? [] : [error];
    }
  });
}
