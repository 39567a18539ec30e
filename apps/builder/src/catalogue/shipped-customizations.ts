// SPDX-License-Identifier: Apache-2.0
import { L45Error } from '@l45/contracts';
import { Injectable, Logger } from '@nestjs/common';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuilderConfig } from '../builder.config.js';
import { readTree } from '../source-tree.js';
import { type Catalogued, catalogued } from './catalogued.js';
import { MANIFEST_FILE, ManifestParser } from './manifest.js';
import { isSourceFile } from './source-files.js';

/** Those that come with the product: a folder each, read anew for every request. */
@Injectable()
export class ShippedCustomizations {
  readonly #logger = new Logger(ShippedCustomizations.name);

  constructor(
    private readonly config: BuilderConfig,
    private readonly parser: ManifestParser,
  ) {}

  /** All that are in order. */
  async list(): Promise<Catalogued[]> {
    const folders = await readdir(this.config.L45_CUSTOMIZATIONS);
    const found = await Promise.all(
      folders.toSorted().map((name) =>
        this.find(name).catch((error: unknown) => {
          this.#logger.error(`${join(this.config.L45_CUSTOMIZATIONS, name)} is left out`, error);
        }),
      ),
    );
    return found.filter((entry) => entry !== undefined);
  }

  async find(name: string): Promise<Catalogued | undefined> {
    const folder = join(this.config.L45_CUSTOMIZATIONS, name);
    if (!existsSync(join(folder, MANIFEST_FILE))) return undefined;
    const manifest = await readFile(join(folder, MANIFEST_FILE), 'utf8');
    const parsed = this.parser.parse(manifest);
    if (parsed.name !== name)
      throw new L45Error('VALIDATION', `${folder} describes a customization named ${parsed.name}`);
    const files = await readTree(folder, isSourceFile);
    return catalogued('catalogue', parsed, manifest, files);
  }
}
