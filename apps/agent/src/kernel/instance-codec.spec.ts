// SPDX-License-Identifier: Apache-2.0
import type { DesiredInstance } from '@l45/contracts';
import { statSync } from 'node:fs';
import { decode, encode } from '../netlink/attributes.js';
import { MalformedMessage } from '../netlink/raw-attributes.js';
import { desiredInstance } from '../testing/desired.js';
import { resolveInstance } from './desired-instance.js';
import { decodeInstance, decodeSocket, encodeNew, encodeSet } from './instance-codec.js';

const full: DesiredInstance = desiredInstance({
  match: {
    protocols: ['udp', 'tcp'],
    applications: ['dig', 'curl*'],
    local: { prefixes: ['10.0.0.9/24', 'fd45::/64'], ports: ['8000-8080', '53'] },
    remote: { prefixes: ['::ffff:192.0.2.1'], ports: ['443'] },
    uids: [1000, 0],
    cgroups: ['/'],
  },
  params: { every: 1000, responses: true, off: false, position: 'front', key: { hex: 'c0ffee' } },
  directions: ['egress', 'ingress'],
});

describe('an instance on its way to the kernel and back', () => {
  it('stays what it is', () => {
    const { attach: _attach, ...settings } = resolveInstance(full);
    const sent = encode('instance', encodeNew(resolveInstance(full)));
    expect(decodeInstance(decode('instance', sent))).toMatchObject(settings);
  });

  it('stays what it is as a chain, with the parameters of each link', () => {
    const { params, ...rest } = full;
    const chain = [
      { customization: 'dns_tag', params },
      { customization: 'null', params: {} },
    ];
    const desired = resolveInstance({ ...rest, customization: 'dns_tag+null', params: {}, chain });
    const attributes = encodeNew(desired);
    expect(attributes.customization).toBeUndefined();
    const { attach: _attach, ...settings } = desired;
    expect(decodeInstance(decode('instance', encode('instance', attributes)))).toMatchObject(
      settings,
    );
  });

  it('is written in the kernel’s terms', () => {
    const { match, params, directions } = resolveInstance(full);
    expect(match).toEqual({
      protocols: ['tcp', 'udp'],
      applications: ['curl*', 'dig'],
      localPrefixes: ['10.0.0.0/24', 'fd45::/64'],
      remotePrefixes: ['192.0.2.1/32'],
      localPorts: ['53-53', '8000-8080'],
      remotePorts: ['443-443'],
      uids: [0, 1000],
      cgroups: [String(statSync('/sys/fs/cgroup', { bigint: true }).ino)],
    });
    expect(params).toEqual({
      every: 1000n,
      responses: 1n,
      position: 'front',
      key: Buffer.from('c0ffee', 'hex'),
    });
    expect(directions).toEqual(['ingress', 'egress']);
  });

  it('is registered without what the kernel does not take at that point', () => {
    const sent = decode('instance', encode('instance', encodeNew(resolveInstance(full))));
    expect(sent.deprecated).toBeUndefined();
  });

  it('sends only the settings that change', () => {
    const attributes = decode('instance', encode('instance', encodeSet(full.id, { priority: 7 })));
    expect(Object.keys(attributes)).toEqual(['id', 'priority']);
  });

  it.each([[-1], [1.5], [2 ** 53], [null], [[]], [{ hex: 'c0f' }], [{}]])(
    'refuses the parameter %j',
    (value) => {
      expect(() => resolveInstance(desiredInstance({ params: { value } }))).toThrow(RangeError);
    },
  );

  it('refuses a cgroup that is not there, and says which', () => {
    const desired = desiredInstance({ match: { cgroups: ['no/../nonesuch.slice'] } });
    expect(() => resolveInstance(desired)).toThrow('no cgroup /sys/fs/cgroup/nonesuch.slice');
  });

  it('cannot name a cgroup outside of the cgroup file system', () => {
    const desired = desiredInstance({ match: { cgroups: ['../../../etc'] } });
    expect(() => resolveInstance(desired)).toThrow('no cgroup /sys/fs/cgroup/etc');
  });
});

describe('replies that make no sense', () => {
  const valid = encodeNew(resolveInstance(full));

  it.each([
    ['no id', { id: undefined }],
    ['an id of 15 bytes', { id: Buffer.alloc(15) }],
    ['an unknown mode', { mode: 77 as never }],
    ['an unknown protocol', { match: { protocol: [132] } }],
    ['a prefix without length', { match: { localPrefix: [{ address: Buffer.alloc(4) }] } }],
    ['a parameter without value', { param: [{ name: 'x' }] }],
  ])('are refused: %s', (_, change) => {
    expect(() => decodeInstance({ ...valid, ...change })).toThrow(MalformedMessage);
  });

  it('are refused: a socket with an address of 5 bytes', () => {
    const tags = { cookie: 1n, protocol: 6, localAddress: Buffer.alloc(5) };
    expect(() => decodeSocket(tags)).toThrow(MalformedMessage);
  });
});

it('reads a socket with and without a peer', () => {
  const local = { cookie: 2n ** 60n, protocol: 17, localAddress: Buffer.from([10, 0, 0, 1]) };
  expect(decodeSocket({ ...local, localPort: 53 })).toEqual({
    cookie: '1152921504606846976',
    protocol: 'udp',
    local: { address: '10.0.0.1', port: 53 },
    application: '',
    pid: 0,
    uid: 0,
    instances: [],
    draining: [],
  });
  const peer = { remoteAddress: Buffer.alloc(16), remotePort: 9 };
  expect(decodeSocket({ ...local, ...peer }).remote).toEqual({ address: '::', port: 9 });
  const id = Buffer.alloc(16, 0xab);
  const { draining } = decodeSocket({ ...local, draining: [id] });
  expect(draining).toEqual(['abababab-abab-abab-abab-abababababab']);
});
