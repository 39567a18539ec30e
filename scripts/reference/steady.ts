// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const DIGEST = /\b[0-9a-f]{64}\b/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
/** Keys, signatures and tokens: base64 in its kinds, and what nkeys have. */
const OPAQUE = /^[\w+/.-]{43,}={0,2}$/;
/** Measured, or chosen by a kernel. */
const NUMBERS: Record<string, number> = {
  pid: 1234,
  ns: 10_000,
  tookMs: 10,
  ms: 10,
  durationMs: 10,
};

/**
 * What is drawn by chance or told by a clock, replaced by what is the same in each recording: equal
 * values by equal ones, so that one sees what belongs together.
 */
export class Steady {
  private readonly seen = new Map<string, string>();
  private readonly counts = new Map<string, number>();

  of<T>(value: T, field = ''): T {
    if (Array.isArray(value)) return value.map((each) => this.of(each, field)) as T;
    if (typeof value === 'object' && value !== null) {
      const entries = Object.entries(value).map(([name, each]) => [name, this.of(each, name)]);
      return Object.fromEntries(entries) as T;
    }
    if (typeof value === 'number') return (NUMBERS[field] ?? value) as T;
    return typeof value === 'string' ? (this.text(value) as T) : value;
  }

  private text(value: string): string {
    const replaced = value
      .replaceAll(UUID, (found) => this.instead(found, 'uuid', uuid))
      .replaceAll(DIGEST, (found) => this.instead(found, 'digest', digest))
      .replaceAll(TIME, (found) => this.instead(found, 'time', time));
    if (replaced !== value || !OPAQUE.test(value)) return replaced;
    return this.instead(value, 'opaque', (n) => `${digest(n).slice(0, value.length)}`);
  }

  private instead(found: string, kind: string, make: (n: number) => string): string {
    const known = this.seen.get(found);
    if (known) return known;
    const n = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, n);
    this.seen.set(found, make(n));
    return make(n);
  }
}

const digest = (n: number): string => createHash('sha256').update(String(n)).digest('hex');
const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const time = (n: number): string => new Date(Date.UTC(2026, 0, 1) + 1_000 * n).toISOString();
