// SPDX-License-Identifier: Apache-2.0
import { type InverseModule, L45Error, linkNames } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { BuilderGateway } from '../builder.gateway.js';
import { moduleKey, type Modules } from './assign.js';

/** The inverse modules that the builder has, asked for again from time to time. */
@Injectable()
export class ModulesService {
  readonly #known = new Map<string, InverseModule | Error>();
  #changingNothing?: Set<string>;

  constructor(private readonly builder: BuilderGateway) {}

  forget(): void {
    this.#known.clear();
    this.#changingNothing = undefined;
  }

  /** Customizations without a signature on the wire. */
  async changingNothing(): Promise<ReadonlySet<string>> {
    this.#changingNothing ??= new Set(
      (await this.builder.customizations())
        .filter(({ wire }) => wire.signature === 'none')
        .map(({ name }) => name),
    );
    return this.#changingNothing;
  }

  async find(used: { customization: string }[], types: string[]): Promise<Modules> {
    const names = new Set(used.map(({ customization }) => customization));
    for (const customization of names) {
      for (const type of types) {
        const key = moduleKey(customization, type);
        if (this.#known.has(key)) continue;
        this.#known.set(key, await this.#ask(customization, type));
      }
    }
    return this.#known;
  }

  /** Types that any customization has. */
  async types(): Promise<string[]> {
    const customizations = await this.builder.customizations();
    const all = customizations.flatMap(({ inverse }) => inverse.map(({ type }) => type));
    return [...new Set(all)].toSorted();
  }

  /** What is wrong with a module is for whoever waits for it to know. */
  async #ask(customization: string, type: string): Promise<InverseModule | Error> {
    if (linkNames(customization).length > 1)
      return new L45Error(
        'UNKNOWN_INVERSE',
        `${customization} is a chain, for which there are no inverse modules: deploy it where no middlebox sees it`,
      );
    try {
      return await this.builder.inverse(customization, type);
    } catch (error) {
      if (error instanceof L45Error) return error;
      throw error;
    }
  }
}
