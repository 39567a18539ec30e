// SPDX-License-Identifier: Apache-2.0
import {
  type Customization,
  type DeployRequest,
  type DesiredLink,
  type Ends,
  type ErrorDetail,
  isLabels,
  L45Error,
  type Role,
  ROLES,
  type Waves,
} from '@l45/contracts';
import { normaliseMatch } from '../match/normalise.js';
import type { Specification } from '../storage/deployment.entity.js';
import { encodeBytes } from './bytes.js';
import type { Composition } from './chain.js';
import { completeParams } from './params.js';

const DEFAULTS = { priority: 100, mode: 'active', attach: 'immediate' } as const;

/** What a request asks for, in its one form, if the customization can do it. */
export function specify(
  request: Omit<DeployRequest, 'name'>,
  customization: Composition,
): Specification {
  const { chain } = request;
  const [first] = customization.links;
  const ends = specifyEnds(request.ends, customization);
  const { priority, mode, attach } = request;
  return {
    customization: customization.name,
    params: chain || !first ? {} : specifyParams(request.params, first),
    ...(chain && {
      chain: customization.links.map((link, i) => specifyLink(chain[i]?.params, link, i)),
    }),
    priority: priority ?? DEFAULTS.priority,
    mode: mode ?? DEFAULTS.mode,
    attach: attach ?? DEFAULTS.attach,
    ends,
    ...(request.waves && { waves: specifyWaves(request.waves) }),
  };
}

const specifyParams = (
  params: Record<string, unknown> = {},
  { parameters }: Customization,
  field?: string,
): Record<string, unknown> => encodeBytes(completeParams(params, parameters, field), parameters);

const specifyLink = (
  params: Record<string, unknown> | undefined,
  link: Customization,
  i: number,
): DesiredLink => ({
  customization: link.name,
  params: specifyParams(params, link, `chain.${i}.params`),
});

const specifyWaves = ({ size, hold = 10, timeout = 60, errors = 0 }: Waves): Required<Waves> => ({
  size,
  hold,
  timeout,
  errors,
});

function specifyEnds(ends: Ends, customization: Customization): Ends {
  const given = ROLES.filter((role) => ends[role]);
  const errors: ErrorDetail[] = given.length
    ? given.flatMap((role) => unsupported(role, customization))
    : [{ field: 'ends', rule: 'required', message: 'ends needs a client, a server, or both' }];
  const specified: Ends = {};
  for (const role of given) {
    const { hosts, selector, match = {} } = ends[role] ?? {};
    const normalised = normaliseMatch(match, `ends.${role}.match`, customization.protocol);
    errors.push(...normalised.errors);
    if (selector && !isLabels(selector.labels))
      errors.push({
        field: `ends.${role}.selector.labels`,
        rule: 'labels',
        message: `ends.${role}.selector.labels must have texts of letters, digits and ._/-`,
      });
    if (!hosts && !selector)
      errors.push({
        field: `ends.${role}`,
        rule: 'required',
        message: `ends.${role} needs hosts, a selector, or both`,
      });
    specified[role] = {
      ...(hosts && { hosts: hosts.toSorted() }),
      ...(selector && { selector: { labels: sorted(selector.labels) } }),
      match: normalised.match,
    };
  }
  if (errors.length === 0) return specified;
  throw new L45Error('VALIDATION', errors.map(({ message }) => message).join('; '), errors);
}

function unsupported(role: Role, { name, roles }: Customization): ErrorDetail[] {
  if (roles.includes(role)) return [];
  const message = `${name} has no ${role} role, only ${roles.join(' and ')}`;
  return [{ field: `ends.${role}`, rule: 'roles', message }];
}

const sorted = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
