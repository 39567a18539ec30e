// SPDX-License-Identifier: Apache-2.0
import type { Direction } from '@l45/contracts';

/** An end of a deployment, as a kernel has it. */
export interface End {
  id: string;
  deployment: string;
  host: string;
  directions: readonly Direction[];
}

/** Where applications meet: keeps what any of them would have seen as an error. */
export class Wire {
  readonly errors: string[] = [];
  readonly #ends = new Map<string, End>();
  /** Of hosts that lost what they had: until it is back, their applications are gone as well. */
  readonly #lost = new Set<string>();
  #readable: ReadonlySet<string> = new Set();

  /** A kernel was told to have an end, or another one. */
  changed(end: End): void {
    const before = this.#ends.get(end.id)?.directions ?? [];
    this.#ends.set(end.id, end);
    const wasLost = this.#lost.delete(end.id);
    const speaker = this.#speakerTo(end);
    const begins = (direction: Direction) =>
      end.directions.includes(direction) && !before.includes(direction);
    if (begins('ingress') && speaker && !wasLost)
      this.#fail(end, `could not understand ${speaker}`);
    if (before.includes('ingress') && !end.directions.includes('ingress') && speaker)
      this.#fail(end, `understands ${speaker} no longer`);
    if (begins('egress') && !this.#readable.has(end.deployment))
      this.#fail(end, 'speaks what the middlebox cannot read');
  }

  /** A kernel was told to have it no more. */
  gone(id: string): void {
    const end = this.#ends.get(id);
    if (!end) return;
    this.changed({ ...end, directions: [] });
    this.#ends.delete(id);
  }

  /** A host lost all that it had. */
  lost(host: string): void {
    for (const end of this.#ends.values()) {
      if (end.host !== host) continue;
      this.#ends.delete(end.id);
      this.#lost.add(end.id);
    }
  }

  /** The middlebox reads these deployments, and no others. */
  readable(deployments: string[]): void {
    this.#readable = new Set(deployments);
    for (const end of this.#ends.values()) {
      if (!end.directions.includes('egress') || this.#readable.has(end.deployment)) continue;
      this.#fail(end, 'speaks what the middlebox can read no longer');
    }
  }

  #speakerTo({ id, deployment }: End): string | undefined {
    return [...this.#ends.values()].find(
      (other) =>
        other.id !== id && other.deployment === deployment && other.directions.includes('egress'),
    )?.host;
  }

  #fail({ host, deployment }: End, what: string): void {
    this.errors.push(`${host} ${what} (${deployment})`);
  }
}
