// SPDX-License-Identifier: Apache-2.0
import type { DesiredLink } from '@l45/contracts';

/** A parameter of bytes, as agents take it. */
interface Bytes {
  hex: string;
}

const HIDDEN = 'hidden';

/** What the schema has in base16 becomes bytes; everything else stays as it is. */
export function encodeBytes(
  params: Record<string, unknown>,
  schema: Record<string, unknown>,
): Record<string, unknown> {
  const properties = (schema['properties'] ?? {}) as Record<string, { contentEncoding?: string }>;
  return mapValues(params, (value, name) =>
    typeof value === 'string' && properties[name]?.contentEncoding === 'base16'
      ? { hex: value.toLowerCase() }
      : value,
  );
}

/** For answers, events and errors: bytes are keys, and keys are never shown. */
export const hideBytes = (params: Record<string, unknown>): Record<string, unknown> =>
  mapValues(params, (value) => (isBytes(value) ? HIDDEN : value));

/** The same for the links of a chain. */
export const hideLinks = (chain: DesiredLink[]): DesiredLink[] =>
  chain.map((link) => ({ ...link, params: hideBytes(link.params) }));

const isBytes = (value: unknown): value is Bytes =>
  typeof value === 'object' && value !== null && 'hex' in value;

const mapValues = (
  params: Record<string, unknown>,
  map: (value: unknown, name: string) => unknown,
): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, map(value, name)]));
