// SPDX-License-Identifier: Apache-2.0

/** An inclusive range. */
export interface PortRange {
  first: number;
  last: number;
}

const LAST_PORT = 65_535;

/** Reads a port or a range; throws with what is wrong. */
export function parsePorts(text: string): PortRange {
  const [first = Number.NaN, last = first] = text.split('-').map(Number);
  if (first > LAST_PORT || last > LAST_PORT)
    throw new Error(`${text}: the last port is ${LAST_PORT}`);
  if (first > last) throw new Error(`${text} ends before it begins: write ${last}-${first}`);
  return { first, last };
}

export const formatPorts = ({ first, last }: PortRange): string =>
  first === last ? `${first}` : `${first}-${last}`;

export const portsOverlap = (a: PortRange, b: PortRange): boolean =>
  a.first <= b.last && b.first <= a.last;
