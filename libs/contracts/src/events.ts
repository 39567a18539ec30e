// SPDX-License-Identifier: Apache-2.0
import type { ChallengeResult } from './challenge.dto.js';
import type { Deployment, DeploymentProgress, Rotation } from './deployer.dto.js';
import type { Identity } from './identity.dto.js';
import type { ApplicationEvent } from './middlebox.dto.js';
import type { DriftEvent } from './monitor.dto.js';

/** Events, by subject below `l45.events.`; each payload is JSON. */
export interface Events {
  /** A deployment was changed by a request, or got further. */
  'deployer.deployment': Deployment;
  /** A rotation got further, or is undone. */
  'deployer.rotation': Rotation;
  /** How far a deployment is for which a request waits. */
  'deployer.progress': DeploymentProgress;
  /** A challenge was not passed; the deployment is revoked where a policy says so. */
  'security.challenge': ChallengeResult & { revoked: boolean };
  /** A host enrolled, or its identity was revoked. */
  'security.identity': Identity;
  /** A host came online or went offline. */
  'monitor.host': { host: string; online: boolean };
  /** A host has not run what it should for a while, or does so again. */
  'monitor.drift': DriftEvent;
  /** A middlebox saw an application that is not on the list of a deployment. */
  'middlebox.application': ApplicationEvent;
}

export type EventName = keyof Events;
export const EVENT_PREFIX = 'l45.events';
export const eventSubject = (name: EventName): string => `${EVENT_PREFIX}.${name}`;
