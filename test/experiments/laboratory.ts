// SPDX-License-Identifier: Apache-2.0
import { Fleet } from '../fleet/index.js';

/** One fleet for all experiments that need one; none for those that don't. */
export class Laboratory {
  #fleet?: Promise<Fleet>;

  fleet(): Promise<Fleet> {
    return (this.#fleet ??= Fleet.start());
  }

  /** Leaves nothing of an experiment to the next one. */
  async clear(): Promise<void> {
    await (await this.#fleet)?.clear();
  }

  async stop(): Promise<void> {
    await (await this.#fleet)?.stop();
  }
}
