// SPDX-License-Identifier: Apache-2.0
import {
  type Endpoint,
  type ErrorDetail,
  type Match,
  type Protocol,
  formatPrefix,
  parsePrefix,
} from '@l45/contracts';
import { parseCgroup } from './cgroup.js';
import { formatPorts, parsePorts } from './ports.js';

export interface Normalised {
  match: Match;
  /** What is wrong with it, by field below `field`. */
  errors: ErrorDetail[];
}

/**
 * The one way to write a match, so that matches can be compared: entries in their canonical form,
 * sorted, each once, and the customization's protocols where none are given.
 */
export function normaliseMatch(match: Match, field: string, supported: Protocol[]): Normalised {
  const errors: ErrorDetail[] = [];
  const list = <T>(entries: T[] | undefined, path: string, canonical: (entry: T) => T) =>
    entries &&
    unique(entries.flatMap((entry, i) => attempt(errors, `${path}[${i}]`, () => canonical(entry))));
  const endpoint = (side: 'local' | 'remote'): Endpoint | undefined => {
    const { prefixes, ports } = match[side] ?? {};
    const path = `${field}.${side}`;
    return filled({
      prefixes: list(prefixes, `${path}.prefixes`, (text) => formatPrefix(parsePrefix(text))),
      ports: list(ports, `${path}.ports`, (text) => formatPorts(parsePorts(text))),
    });
  };
  const same = <T>(entry: T): T => entry;
  const normalised = filled<Match>({
    protocols: list(match.protocols ?? supported, `${field}.protocols`, (protocol) => {
      if (supported.includes(protocol)) return protocol;
      throw new Error(
        `the customization works with ${supported.join(' and ')}, not with ${protocol}`,
      );
    }),
    applications: list(match.applications, `${field}.applications`, same),
    local: endpoint('local'),
    remote: endpoint('remote'),
    uids: list(match.uids, `${field}.uids`, same),
    cgroups: list(match.cgroups, `${field}.cgroups`, parseCgroup),
  });
  return { match: normalised ?? {}, errors };
}

function attempt<T>(errors: ErrorDetail[], field: string, canonical: () => T): T[] {
  try {
    return [canonical()];
  } catch (error) {
    errors.push({
      field,
      rule: 'match',
      message: error instanceof Error ? error.message : String(error),
    });
    return [];
  }
}

const unique = <T>(entries: T[]): T[] =>
  [...new Set(entries)].toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** Without the fields that are absent; absent itself when none is left. */
function filled<T extends object>(fields: T): T | undefined {
  const present = Object.entries(fields).filter(([, value]) => value !== undefined);
  return present.length ? (Object.fromEntries(present) as T) : undefined;
}
