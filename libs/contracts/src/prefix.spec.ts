// SPDX-License-Identifier: Apache-2.0
import { formatPrefix, parsePrefix, prefixesOverlap } from './prefix.js';

const overlap = (a: string, b: string) => prefixesOverlap(parsePrefix(a), parsePrefix(b));

describe('parsePrefix', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['10.0.0.1/32', '10.0.0.1'],
    ['10.0.0.0/24', '10.0.0.0/24'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['FD45:0:0::0002', 'fd45::2'],
    ['fd45::/16', 'fd45::/16'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['::', '::'],
    ['::/0', '::/0'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ])('writes %s as %s', (text, canonical) => {
    expect(formatPrefix(parsePrefix(text))).toBe(canonical);
  });

  it.each([
    ['10.0.0.256', '10.0.0.256 is not an IPv4 or IPv6 address'],
    ['10.0.0.0/33', '10.0.0.0/33: an IPv4 prefix has at most 32 bits'],
    ['fd45::/129', 'fd45::/129: an IPv6 prefix has at most 128 bits'],
    ['10.0.0.5/24', '10.0.0.5/24 has bits set behind its length: write 10.0.0.0/24'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1: write the IPv4 address that is mapped, without ::ffff:'],
  ])('refuses %s', (text, message) => {
    expect(() => parsePrefix(text)).toThrow(message);
  });
});

describe('prefixesOverlap', () => {
  it('finds one inside the other, in either order', () => {
    expect(overlap('10.0.0.0/8', '10.1.2.3')).toBe(true);
    expect(overlap('10.1.2.3', '10.0.0.0/8')).toBe(true);
    expect(overlap('0.0.0.0/0', '10.1.2.3')).toBe(true);
  });

  it('keeps neighbours and families apart', () => {
    expect(overlap('10.0.0.0/24', '10.0.1.0/24')).toBe(false);
    expect(overlap('0.0.0.0/0', '::/0')).toBe(false);
    expect(overlap('fd45::1', 'fd45::2')).toBe(false);
  });
});
