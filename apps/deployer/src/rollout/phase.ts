// SPDX-License-Identifier: Apache-2.0
import type { DeploymentState, Direction } from '@l45/contracts';

/**
 * Where a deployment is. Whoever must understand comes first, and goes last:
 * `ingress` → `egress` → `deployed`; `quiesce` → `removal` → `revoked`.
 */
export type Phase = 'ingress' | 'egress' | 'deployed' | 'quiesce' | 'removal' | 'revoked';

export const stateOf: Record<Phase, DeploymentState> = {
  ingress: 'deploying',
  egress: 'deploying',
  deployed: 'deployed',
  quiesce: 'revoking',
  removal: 'revoking',
  revoked: 'revoked',
};

/** Directions that each instance should have; none: it should be gone. */
export const directionsOf: Record<Phase, Direction[]> = {
  ingress: ['ingress'],
  egress: ['ingress', 'egress'],
  deployed: ['ingress', 'egress'],
  quiesce: ['ingress'],
  removal: [],
  revoked: [],
};

/** Once every host confirms what a phase asks for. */
const confirmed: Record<Phase, Phase> = {
  ingress: 'egress',
  egress: 'deployed',
  deployed: 'deployed',
  quiesce: 'removal',
  removal: 'revoked',
  revoked: 'revoked',
};

/** A host that loses what it had, by a reboot for example, brings `deployed` back to `egress`. */
export const nextPhase = (phase: Phase, everyHostConfirms: boolean): Phase =>
  everyHostConfirms ? confirmed[phase] : phase === 'deployed' ? 'egress' : phase;

/** A request changed what the instances should be: each host has to confirm again. */
export const phaseAfterChange = (phase: Phase): Phase => (phase === 'deployed' ? 'egress' : phase);

/** What was never asked to speak needs not be asked to stop. */
export const phaseAfterRevoke = (phase: Phase): Phase => {
  if (stateOf[phase] === 'revoking' || phase === 'revoked') return phase;
  return phase === 'ingress' ? 'removal' : 'quiesce';
};

/** Whether nothing is under way. */
export const isSettled = (phase: Phase): boolean => phase === 'deployed' || phase === 'revoked';
