// SPDX-License-Identifier: Apache-2.0
import type { Artifact, ArtifactStatement, DesiredInstance, DesiredState } from '@l45/contracts';
import { createHash, randomUUID } from 'node:crypto';
import { hostFacts } from '../observe/host-facts.js';
import { fakeModule } from './fake-kernel.js';
import { SIGNER } from './signer.js';

export const HOST = 'client';

export const desiredInstance = (change: Partial<DesiredInstance> = {}): DesiredInstance => ({
  id: randomUUID(),
  deployment: randomUUID(),
  customization: 'dns_tag',
  role: 'client',
  match: { applications: ['dig'], remote: { ports: ['53'] } },
  params: { position: 'front' },
  priority: 100,
  mode: 'active',
  directions: ['ingress', 'egress'],
  attach: 'future',
  deprecated: false,
  ...change,
});

/** A module that a fake kernel loads, and what the builder says of it. */
export interface BuiltModule {
  bytes: Buffer;
  artifact: Artifact;
}

export function builtModule(
  name: string,
  srcversion = `${name}-1`,
  statement: Partial<ArtifactStatement> = {},
  signer = SIGNER,
): BuiltModule {
  const bytes = fakeModule(name, srcversion);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const signature = signer.sign({
    digest,
    target: hostFacts().target,
    customization: name,
    version: '1.0.0',
    counter: 1,
    ...statement,
  });
  return { bytes, artifact: { name, digest, size: bytes.length, srcversion, signature } };
}

export const CORE_MODULE = builtModule('l45');
export const TAG_MODULE = builtModule('dns_tag');

export const desiredState = (
  revision: number,
  instances: DesiredInstance[],
  artifacts = [CORE_MODULE.artifact, TAG_MODULE.artifact],
): DesiredState => ({ host: HOST, revision, artifacts, instances });
