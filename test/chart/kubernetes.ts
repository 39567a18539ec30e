// SPDX-License-Identifier: Apache-2.0
import * as kubernetes from '@kubernetes/client-node';
import type { Manifest } from './helm.js';

interface Attribute {
  baseName: string;
  type: string;
}

const models = kubernetes as unknown as Record<string, { getAttributeTypeMap?(): Attribute[] }>;

const PRIMITIVES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  IntOrString: (value) => typeof value === 'string' || Number.isInteger(value),
  any: () => true,
};

/** Fields that Kubernetes does not know, and values of the wrong type; empty: it takes this. */
export const mistakesOf = ({ kind, ...manifest }: Manifest): string[] =>
  check({ kind, ...manifest }, `V1${kind}`, `${kind}/${manifest.metadata.name}`);

function check(value: unknown, type: string, path: string): string[] {
  const primitive = PRIMITIVES[type];
  if (primitive) return primitive(value) ? [] : [`${path} is no ${type}`];
  const [, item] = /^Array<(.*)>$/.exec(type) ?? [];
  if (item) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((each, index) => check(each, item, `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${path} is no object`];
  }
  const [, entry] = /^{ \[key: string\]: (.*); }$/.exec(type) ?? [];
  const attributes = models[type]?.getAttributeTypeMap?.();
  if (!entry && !attributes) return [`${path} is of an unknown type, ${type}`];
  return Object.entries(value).flatMap(([name, field]) => {
    const known = entry ?? attributes?.find(({ baseName }) => baseName === name)?.type;
    return known ? check(field, known, `${path}.${name}`) : [`${path}.${name} is unknown`];
  });
}
