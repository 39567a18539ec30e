// SPDX-License-Identifier: Apache-2.0

/** Fields of events that name somebody or something. */
const NAMING = ['host', 'name', 'from', 'to', 'deployment', 'middlebox', 'application'] as const;

/** All that an event is about: hosts, deployments, middleboxes, applications. */
export function aboutOf(payload: unknown): string[] {
  if (typeof payload !== 'object' || payload === null) return [];
  const fields = payload as Record<string, unknown>;
  const named = NAMING.flatMap((field) => fields[field] ?? []);
  const hosts = Array.isArray(fields['hosts']) ? fields['hosts'].flatMap(aboutOf) : [];
  return [...new Set([...named.filter((name) => typeof name === 'string'), ...hosts])];
}
