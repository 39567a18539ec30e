// SPDX-License-Identifier: Apache-2.0
import type { Match } from '@l45/contracts';
import { CUSTOMIZATIONS } from '../cloud/index.js';
import type { Task } from './operator.js';

const HOSTS_MAX = 5;

/** Anything anywhere. */
export const amongSimulated = (hosts: string[]): Task => ({
  names: ['a', 'b', 'c', 'd', 'e'],
  customizations: CUSTOMIZATIONS,
  ends: (random) => {
    const some = () => random.sample(hosts, 1 + random.below(HOSTS_MAX));
    return { client: { hosts: some(), match: {} }, server: { hosts: some(), match: {} } };
  },
});

const dns = (match: Match): Match => ({ protocols: ['udp'], ...match });

/** What real programs go through while they talk. */
export const betweenDigAndDnsmasq: Task = {
  names: ['dig'],
  customizations: ['dns_tag', 'app_id'],
  ends: () => ({
    client: {
      hosts: ['client'],
      match: dns({ applications: ['dig'], remote: { ports: ['53'] } }),
    },
    server: {
      hosts: ['dns-server'],
      match: dns({ applications: ['dnsmasq'], local: { ports: ['53'] } }),
    },
  }),
};
