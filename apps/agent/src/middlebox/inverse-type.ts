// SPDX-License-Identifier: Apache-2.0
import type { Assignment, InverseModule } from '@l45/contracts';

/** A module whose files are here. */
export interface LocalModule extends InverseModule {
  /** Absolute paths, in the order of `files`. */
  paths: string[];
}

/** What a middlebox can load. */
export interface InverseType {
  readonly type: string;
  /**
   * Makes exactly these assignments readable, all at once: whoever reads meanwhile has either the
   * old or the new ones. Throws if a module can't be loaded; then everything is as before.
   */
  install(assignments: Assignment[], modules: LocalModule[]): Promise<void>;
}

/** The program ran, and said no; or is not here. */
export function explain(program: string, advice: string, cause: unknown): Error {
  const { code, stderr = '', message } = cause as Error & { code?: unknown; stderr?: string };
  if (code === 'ENOENT') return new Error(`${program} is not installed: ${advice}`, { cause });
  return new Error(stderr.trim().split('\n').at(-1) || message, { cause });
}
