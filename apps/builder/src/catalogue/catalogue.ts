// SPDX-License-Identifier: Apache-2.0
import { type AddCustomizationRequest, type Customization, L45Error } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { AddedCustomizations } from './added-customizations.js';
import { type Catalogued, catalogued } from './catalogued.js';
import { ManifestParser } from './manifest.js';
import { ShippedCustomizations } from './shipped-customizations.js';
import { sourceFiles } from './source-files.js';

/** The core's module has this name. */
const RESERVED = 'l45';

/** Every customization that can be deployed. What is shipped keeps its name. */
@Injectable()
export class Catalogue {
  constructor(
    private readonly shipped: ShippedCustomizations,
    private readonly added: AddedCustomizations,
    private readonly parser: ManifestParser,
  ) {}

  async list(): Promise<Customization[]> {
    const [shipped, added] = await Promise.all([this.shipped.list(), this.added.list()]);
    const entries = [...added, ...shipped].map(({ customization }) => customization);
    return [...new Map(entries.map((entry) => [entry.name, entry])).values()].toSorted((a, b) =>
      a.name.localeCompare(b.name),
    );
  }

  async find(name: string): Promise<Catalogued> {
    const found = (await this.shipped.find(name)) ?? (await this.added.find(name));
    if (found) return found;
    throw new L45Error(
      'UNKNOWN_CUSTOMIZATION',
      `there is no customization ${name}: l45.builder.customizations lists what there is`,
    );
  }

  /** The same again changes nothing. */
  async add({ manifest, files }: AddCustomizationRequest): Promise<Customization> {
    const parsed = this.parser.parse(manifest);
    if (parsed.name === RESERVED) throw taken(parsed.name);
    if (parsed.inverse.some(({ source }) => source !== undefined))
      throw new L45Error('VALIDATION', 'files of inverse modules cannot be added yet', [
        { field: 'inverse', rule: 'isEmpty', message: 'must name no source: { type: pcap }' },
      ]);
    const wanted = catalogued('added', parsed, manifest, sourceFiles(files));
    const present = (await this.shipped.find(parsed.name)) ?? (await this.added.insert(wanted));
    if (!same(present, wanted)) throw taken(parsed.name);
    return present.customization;
  }
}

const same = (one: Catalogued, other: Catalogued): boolean =>
  one.manifest === other.manifest &&
  one.customization.sourceDigest === other.customization.sourceDigest;

const taken = (name: string): L45Error =>
  new L45Error('NAME_TAKEN', `another customization is named ${name}: choose another name`);
