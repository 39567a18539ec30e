// SPDX-License-Identifier: Apache-2.0
import { type AgentProblem, L45Error } from '@l45/contracts';
import { MalformedMessage } from '../netlink/raw-attributes.js';

/** Steps of which one that fails does not keep the others from being tried. */
export class Attempts {
  readonly problems: AgentProblem[] = [];

  /** Returns whether it succeeded. */
  async attempt(subject: string, step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      this.problems.push(problemOf(subject, error));
      return false;
    }
  }
}

export function problemOf(subject: string, error: unknown): AgentProblem {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof L45Error) return { subject, name: error.name, message };
  if (error instanceof RangeError) return { subject, name: 'VALIDATION', message };
  if (error instanceof MalformedMessage) return { subject, name: 'KERNEL', message };
  return { subject, name: 'INTERNAL', message };
}
