// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import type { StateBucket } from './state-bucket.js';

export interface Entry<T> {
  value: T;
  revision: number;
  at: Date;
}

/**
 * Told of every change that was not put by us: its key, or `undefined` when all there is has been
 * told (again), and any key may have changed.
 */
export type OnChange = (key: string | undefined) => void;

/** What a bucket has, held in memory and kept up to date. */
export class Mirror<T> {
  readonly #entries = new Map<string, Entry<T>>();
  /** Deleted keys have one too, and the next put has to name it. */
  readonly #revisions = new Map<string, number>();
  readonly #stop = new AbortController();
  #current = false;
  #since?: Date;
  #following?: Promise<void>;

  constructor(
    private readonly bucket: StateBucket<T>,
    private readonly changed: OnChange,
    /** Whether we are who writes the bucket: what somebody else put is as good as nothing. */
    private readonly isOurs = false,
  ) {}

  get entries(): ReadonlyMap<string, Entry<T>> {
    return this.#entries;
  }

  /** Whether it has all that there is. */
  get current(): boolean {
    return this.#current;
  }

  /** Since when it is told of every change at once; undefined: now it may not be. */
  get since(): Date | undefined {
    return this.#since;
  }

  /** When a key was put last, if that is longer ago than `ms`, and it is not us who were not told. */
  silentSince(key: string, ms: number): Date | undefined {
    const isLongAgo = (at: Date | undefined) => at && Date.now() - at.getTime() > ms;
    const at = this.#entries.get(key)?.at;
    return isLongAgo(at) && isLongAgo(this.#since) ? at : undefined;
  }

  follow(): void {
    this.#following = this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  /** Writes over what the mirror has; what the bucket has instead by now stays. */
  async put(key: string, value: T): Promise<void> {
    try {
      const revision = await this.bucket.put(key, value, this.#revisions.get(key) ?? 0);
      // The watch may have told of it already, or of what came after it.
      if ((this.#revisions.get(key) ?? 0) < revision)
        this.#hold(key, { value, revision, at: new Date() });
    } catch (error) {
      // Another replica was first. The watch tells what it wrote, and whether that is the newest.
      if (!(error instanceof L45Error && error.name === 'CONFLICT')) throw error;
    }
  }

  /** The watch tells when it is gone. */
  async remove(key: string): Promise<void> {
    await this.bucket.delete(key);
  }

  async #follow(): Promise<void> {
    while (await this.#followUntilInterrupted());
  }

  /** Whether it was an interruption that ended it. */
  async #followUntilInterrupted(): Promise<boolean> {
    const told = new Set<string>();
    let current = false;
    const interrupted = () => (this.#since = undefined);
    for await (const change of this.bucket.watch('>', this.#stop.signal, interrupted)) {
      if (change.kind === 'current') {
        // Interrupted: what was told again doesn't differ from what was told before. Start over.
        if (current) return true;
        current = true;
        for (const key of this.#revisions.keys()) if (!told.has(key)) this.#forget(key);
        this.#current = true;
        this.#since = new Date();
        this.changed(undefined);
        continue;
      }
      const { key, revision } = change;
      told.add(key);
      const known = this.#revisions.get(key) === revision;
      if (change.kind === 'put') this.#hold(key, change);
      else if (change.kind === 'deleted' || this.isOurs) this.#bury(key, revision);
      else this.#revisions.set(key, revision);
      if (!known) this.changed(key);
    }
    return false;
  }

  #hold(key: string, { value, revision, at }: Entry<T>): void {
    this.#revisions.set(key, revision);
    this.#entries.set(key, { value, revision, at });
  }

  #bury(key: string, revision: number): void {
    this.#revisions.set(key, revision);
    this.#entries.delete(key);
  }

  #forget(key: string): void {
    this.#revisions.delete(key);
    this.#entries.delete(key);
  }
}
