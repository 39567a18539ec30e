// SPDX-License-Identifier: Apache-2.0
import {
  type ChainLink,
  chainName,
  type Customization,
  type ErrorDetail,
  L45Error,
  type Protocol,
  PROTOCOLS,
  ROLES,
} from '@l45/contracts';

/** What a request may ask for: one customization, or a chain. */
export interface Asked {
  customization?: string;
  params?: Record<string, unknown>;
  chain?: ChainLink[];
}

/** A customization, or several as one. */
export type Composition = Customization & { links: Customization[] };

/** The name of what is asked for, if that is one thing. */
export function nameOf({ customization, params, chain }: Asked): string {
  if (customization !== undefined && !chain) return customization;
  if (chain && customization === undefined && !params) return chainName(chain);
  const message = chain
    ? 'a chain has the customizations and their params in its links: leave out customization and params'
    : 'what is to be deployed is missing: a customization, or a chain of them';
  throw invalid({ field: chain ? 'chain' : 'customization', rule: 'required', message });
}

/** What customizations are together: what all of them can. */
export function compose(links: Customization[]): Composition {
  const [first, ...others] = links;
  if (!first) throw new TypeError('a chain has links');
  if (others.length === 0) return { ...first, links };
  const name = chainName(links.map(({ name: customization }) => ({ customization })));
  const outermost = links.findLast(({ wire }) => wire.signature !== 'none') ?? first;
  return {
    ...first,
    name,
    summary: links.map(({ summary }) => summary).join(' '),
    protocol: protocolsOf(name, first, others),
    roles: ROLES.filter((role) => links.every(({ roles }) => roles.includes(role))),
    parameters: {},
    wire: {
      signature: outermost.wire.signature,
      adds: links.reduce((sum, { wire }) => sum + wire.adds, 0),
    },
    inverse: [],
    links,
  };
}

function protocolsOf(name: string, first: Customization, others: Customization[]): Protocol[] {
  const common = PROTOCOLS.filter((one) =>
    [first, ...others].every(({ protocol }) => protocol.includes(one)),
  );
  const bare = others.find(({ wire }) => wire.signature !== 'none' && !wire.framed);
  const usable = bare ? common.filter((one) => one !== 'tcp') : common;
  if (usable.length) return usable;
  const message =
    common.length && bare
      ? `${name}: on tcp, ${bare.name} can only be the first link of a chain, as it does not mark where it begins and ends in any stream`
      : `${name}: its links have no protocol in common: ${[first, ...others].map((one) => `${one.name} works with ${one.protocol.join(' and ')}`).join(', ')}`;
  throw invalid({ field: 'chain', rule: 'protocol', message });
}

const invalid = (detail: ErrorDetail): L45Error =>
  new L45Error('VALIDATION', detail.message, [detail]);
