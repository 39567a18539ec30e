// SPDX-License-Identifier: Apache-2.0
import type { Customization } from '@l45/contracts';
import { compose, nameOf } from './chain.js';

const customization = (name: string, change: Partial<Customization> = {}): Customization => ({
  name,
  version: '1.0.0',
  summary: `${name}.`,
  protocol: ['udp', 'tcp'],
  roles: ['client', 'server'],
  parameters: {},
  wire: { signature: 'mark', adds: 32 },
  source: [],
  inverse: [{ type: 'pcap' }],
  sourceDigest: '0'.repeat(64),
  origin: 'catalogue',
  ...change,
});
const tag = customization('tag');
const framed = customization('framed', { wire: { signature: 'mark', adds: 16, framed: true } });
const limit = customization('limit', { wire: { signature: 'none', adds: 0 }, roles: ['client'] });
const stream = customization('stream', { protocol: ['tcp'] });
const short = customization('short', {
  protocol: ['udp'],
  wire: { signature: 'short', adds: 5 },
});

describe('a chain of customizations', () => {
  it('can what all of them can', () => {
    expect(compose([tag, framed, limit])).toMatchObject({
      name: 'tag+framed+limit',
      protocol: ['tcp', 'udp'],
      roles: ['client'],
      wire: { signature: 'mark', adds: 48 },
      inverse: [],
      links: [tag, framed, limit],
    });
  });

  it('has the signature of the outermost link that changes bytes', () => {
    expect(compose([tag, short, limit]).wire.signature).toBe('short');
    expect(compose([limit, limit]).wire.signature).toBe('none');
  });

  it('does without tcp where a link behind the first needs a stream that it knows', () => {
    expect(compose([framed, tag]).protocol).toEqual(['udp']);
    expect(compose([tag, framed]).protocol).toEqual(['tcp', 'udp']);
    expect(() => compose([framed, stream])).toThrow(
      'framed+stream: on tcp, stream can only be the first link of a chain, as it does not mark where it begins and ends in any stream',
    );
  });

  it('is refused where its links have no protocol in common', () => {
    expect(() => compose([short, stream])).toThrow(
      'short+stream: its links have no protocol in common: short works with udp, stream works with tcp',
    );
  });
});

it('one customization is what it is', () => {
  expect(compose([tag])).toEqual({ ...tag, links: [tag] });
});

describe('what is asked for', () => {
  const chain = [{ customization: 'a' }, { customization: 'b', params: {} }];

  it('has a name', () => {
    expect(nameOf({ customization: 'a', params: {} })).toBe('a');
    expect(nameOf({ chain })).toBe('a+b');
  });

  it.each([
    ['nothing', {}, 'a customization, or a chain'],
    ['both', { customization: 'a', chain }, 'leave out customization and params'],
    ['a chain with parameters of its own', { chain, params: {} }, 'leave out customization'],
  ])('is refused: %s', (_, asked, message) => {
    expect(() => nameOf(asked)).toThrow(message);
  });
});
