// SPDX-License-Identifier: Apache-2.0
import { normaliseMatch } from './normalise.js';

describe('normaliseMatch', () => {
  it('writes equal matches equally', () => {
    const { match, errors } = normaliseMatch(
      {
        applications: ['dig', 'curl'],
        remote: { ports: ['853', '53-53'], prefixes: ['FD45::0'] },
        local: {},
        cgroups: ['/sys/fs/cgroup/a/', 'a'],
      },
      'ends.client.match',
      ['udp', 'tcp'],
    );
    expect(errors).toEqual([]);
    expect(match).toEqual({
      protocols: ['tcp', 'udp'],
      applications: ['curl', 'dig'],
      remote: { ports: ['53', '853'], prefixes: ['fd45::'] },
      cgroups: ['/a'],
    });
  });

  it('names each field that is wrong, and why', () => {
    const { errors } = normaliseMatch(
      {
        protocols: ['tcp'],
        local: { ports: ['53', '70000', '9-8'], prefixes: ['10.0.0.1/8'] },
        cgroups: ['a/../b'],
      },
      'ends.server.match',
      ['udp'],
    );
    expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual([
      'ends.server.match.protocols[0]: the customization works with udp, not with tcp',
      'ends.server.match.local.prefixes[0]: 10.0.0.1/8 has bits set behind its length: write 10.0.0.0/8',
      'ends.server.match.local.ports[1]: 70000: the last port is 65535',
      'ends.server.match.local.ports[2]: 9-8 ends before it begins: write 8-9',
      'ends.server.match.cgroups[0]: a/../b: write the path without . and ..',
    ]);
  });
});
