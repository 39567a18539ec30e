// SPDX-License-Identifier: Apache-2.0
import { formatAddress, formatPrefix, parsePrefix } from './address.js';
import { parsePorts } from './ports.js';

describe('prefixes', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1/32'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.255/25', '10.1.2.128/25'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['fd45::2', 'fd45::2/128'],
    ['FD45:0:0:0:1:2:3:4/65', 'fd45:0:0:0:0:0:0:0/65'.replace(':0:0:0:0:0:0:0', '::')],
    ['::/0', '::/0'],
    ['::ffff:10.1.2.3', '10.1.2.3/32'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1/128'],
  ])('%s is %s', (text, canonical) => {
    expect(formatPrefix(parsePrefix(text))).toBe(canonical);
  });

  it('keep their bytes', () => {
    expect(parsePrefix('1:2::8').address.toString('hex')).toBe('00010002000000000000000000000008');
  });

  it.each([
    '',
    '10.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '1.1.1.1/2/3',
    'fe80::1%eth0',
    ':::',
  ])('refuses "%s"', (text) => {
    expect(() => parsePrefix(text)).toThrow(RangeError);
  });
});

it('writes a v4-mapped address as the IPv4 one', () => {
  expect(formatAddress(Buffer.from('00000000000000000000ffff0a000001', 'hex'))).toBe('10.0.0.1');
});

describe('ports', () => {
  it.each([
    ['53', { first: 53, last: 53 }],
    ['8000-8080', { first: 8000, last: 8080 }],
    ['0-65535', { first: 0, last: 65_535 }],
  ])('%s', (text, range) => {
    expect(parsePorts(text)).toEqual(range);
  });

  it.each(['', 'http', '2-1', '65536', '1-'])('refuses "%s"', (text) => {
    expect(() => parsePorts(text)).toThrow(RangeError);
  });
});
