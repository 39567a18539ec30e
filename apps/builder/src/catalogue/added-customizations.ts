// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AddedCustomization } from './added-customization.entity.js';
import { type Catalogued, catalogued } from './catalogued.js';
import { ManifestParser } from './manifest.js';

/** Those that requests brought, in the database. */
@Injectable()
export class AddedCustomizations {
  constructor(
    @InjectRepository(AddedCustomization)
    private readonly repository: Repository<AddedCustomization>,
    private readonly parser: ManifestParser,
  ) {}

  async list(): Promise<Catalogued[]> {
    const rows = await this.repository.find({ order: { name: 'ASC' } });
    return rows.map((row) => this.#catalogued(row));
  }

  async find(name: string): Promise<Catalogued | undefined> {
    const row = await this.repository.findOneBy({ name });
    return row ? this.#catalogued(row) : undefined;
  }

  /** Whichever has the name afterwards: this one, or another that came first. */
  async insert({ customization, manifest, files }: Catalogued): Promise<Catalogued> {
    const { name, sourceDigest } = customization;
    const row = { name, manifest, files: Object.fromEntries(files), sourceDigest };
    await this.repository.createQueryBuilder().insert().values(row).orIgnore().execute();
    return this.#catalogued(await this.repository.findOneByOrFail({ name }));
  }

  #catalogued({ manifest, files }: AddedCustomization): Catalogued {
    return catalogued(
      'added',
      this.parser.parse(manifest),
      manifest,
      new Map(Object.entries(files)),
    );
  }
}
