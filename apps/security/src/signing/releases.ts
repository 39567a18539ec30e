// SPDX-License-Identifier: Apache-2.0
import { Transactions } from '@l45/cib';
import { type BuiltArtifact, L45Error } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ReleaseRow } from '../storage/release.entity.js';
import { SignedArtifactRow } from '../storage/signed-artifact.entity.js';

/** The order in which the sources of each customization came. */
@Injectable()
export class Releases {
  constructor(private readonly transactions: Transactions) {}

  /** The counter of an artifact's source; one that was never seen follows all others. */
  async counterOf({ customization, source, digest }: BuiltArtifact): Promise<number> {
    const known = await this.transactions.run((manager) => signed(manager, digest));
    if (known) {
      const release = await this.transactions.run((manager) =>
        manager.findOneBy(ReleaseRow, { customization, source }),
      );
      if (release) return release.counter;
    }
    return this.transactions.exclusively(`release ${customization}`, async (manager) => {
      const release = await manager.findOneBy(ReleaseRow, { customization, source });
      const counter = release?.counter ?? (await next(manager, customization));
      if (!release) await manager.insert(ReleaseRow, { customization, source, counter });
      await manager
        .createQueryBuilder()
        .insert()
        .into(SignedArtifactRow)
        .values({ digest, customization, source })
        .orIgnore()
        .execute();
      return counter;
    });
  }

  /** Puts the source of an artifact behind all others. */
  async renew(digest: string): Promise<ReleaseRow> {
    const artifact = await this.transactions.run((manager) => signed(manager, digest));
    if (!artifact)
      throw new L45Error(
        'UNKNOWN_ARTIFACT',
        `${digest} was never signed here: name the digest that the host's problem names`,
      );
    const { customization, source } = artifact;
    return this.transactions.exclusively(`release ${customization}`, async (manager) => {
      const release = await manager.findOneByOrFail(ReleaseRow, { customization, source });
      const highest = (await next(manager, customization)) - 1;
      if (release.counter === highest) return release;
      await manager.update(ReleaseRow, { customization, source }, { counter: highest + 1 });
      return { ...release, counter: highest + 1 };
    });
  }
}

const signed = (manager: EntityManager, digest: string): Promise<SignedArtifactRow | null> =>
  manager.findOneBy(SignedArtifactRow, { digest });

async function next(manager: EntityManager, customization: string): Promise<number> {
  return ((await manager.maximum(ReleaseRow, 'counter', { customization })) ?? 0) + 1;
}
