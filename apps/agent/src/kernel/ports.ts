// SPDX-License-Identifier: Apache-2.0

export interface PortRange {
  first: number;
  last: number;
}

/** `53` or `8000-8080`. */
export function parsePorts(text: string): PortRange {
  const [first = Number.NaN, last = first] = text.split('-').map((port) => Number.parseInt(port));
  if (!(first <= last && last <= 65_535)) {
    throw new RangeError(`"${text}" is not a port or a range of ports`);
  }
  return { first, last };
}

export const formatPorts = ({ first, last }: PortRange): string => `${first}-${last}`;
