// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';

/**
 * Does work on all items at once; should that fail, on one after the other, so that an item that
 * never succeeds keeps no other waiting: `refuse` is told of it. UNAVAILABLE is thrown: that is no
 * item's fault, and the same again may succeed, so that the work must be safe to repeat.
 */
export async function allOrEach<T>(
  items: T[],
  work: (items: T[]) => Promise<void>,
  refuse: (item: T, reason: string) => void,
): Promise<void> {
  try {
    await work(items);
  } catch (error) {
    if (error instanceof L45Error && error.name === 'UNAVAILABLE') throw error;
    const [first, ...others] = items;
    if (first === undefined) throw error;
    if (others.length === 0) return refuse(first, String(error));
    for (const item of items) await allOrEach([item], work, refuse);
  }
}
