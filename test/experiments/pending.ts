// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';

export const isPending = (work: Promise<unknown>): Promise<boolean> =>
  Promise.race([work.then(() => false), delay(0, true)]);
