// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore } from '@l45/bus';
import {
  ANY_ARCH,
  inverseDigest,
  type InverseFile,
  type InverseModule,
  type InverseRequest,
  L45Error,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { machine } from 'node:os';
import { join } from 'node:path';
import { BuilderConfig } from '../builder.config.js';
import { Catalogue } from '../catalogue/catalogue.js';
import type { Catalogued } from '../catalogue/catalogued.js';
import { SecurityGateway } from '../signing/security.gateway.js';
import { readTree, treeDigest } from '../source-tree.js';
import { type Built, CaptureFilter } from './capture-filter.js';

/** Sources of the filter, and of what runs a customization in user space. */
const FILTER_SOURCES =
  /^(core\/engine\.[ch]|sdk\/l45\/[^/]+\.h|user\/[^/]+\.[ch]|inverse\/pcap\/([^/]+\.[ch]|Makefile))$/;
const LIBRARY = 'inverse/wireshark/l45.lua';

interface Made {
  files: InverseFile[];
  /** Digest of all that it was made of. */
  source: string;
  arch: string;
}

/** Inverse modules: a customization's own file, and what all modules of its type share. */
@Injectable()
export class Inverse {
  readonly #built = new Map<string, Promise<Built>>();

  constructor(
    private readonly config: BuilderConfig,
    private readonly catalogue: Catalogue,
    private readonly filter: CaptureFilter,
    private readonly store: ArtifactStore,
    private readonly security: SecurityGateway,
  ) {}

  async module({ customization, type }: InverseRequest): Promise<InverseModule> {
    const source = await this.catalogue.find(customization);
    const declared = source.customization.inverse.find((inverse) => inverse.type === type);
    if (!declared) throw await this.#unknown(source, type);
    const { version } = source.customization;
    const { files, ...made } =
      type === 'pcap' ? await this.#pcap(source) : await this.#text(source, declared.source);
    return this.security.signInverse({ customization, type, files }, { version, ...made });
  }

  /** A text that the middlebox interprets. */
  async #text({ customization }: Catalogued, path = ''): Promise<Made> {
    const { L45_KERNEL, L45_CUSTOMIZATIONS } = this.config;
    const own = await readFile(join(L45_CUSTOMIZATIONS, customization.name, path));
    const library = await readFile(join(L45_KERNEL, LIBRARY));
    const extension = path.slice(path.lastIndexOf('.'));
    const files = await Promise.all([
      this.#put('l45.lua', library),
      this.#put(`${customization.name}${extension}`, own),
    ]);
    return { files, source: inverseDigest(files), arch: ANY_ARCH };
  }

  /** The filter, and the customization's own source compiled for it: once for each state of both. */
  async #pcap(source: Catalogued): Promise<Made> {
    const tree = await readTree(this.config.L45_KERNEL, (path) => FILTER_SOURCES.test(path));
    const key = `${treeDigest(tree)} ${source.customization.sourceDigest}`;
    const built = this.#built.get(key) ?? this.filter.build(source, tree);
    this.#built.set(key, built);
    built.catch(() => this.#built.delete(key));
    const { filter, module } = await built;
    const { name } = source.customization;
    const files = await Promise.all([
      this.#put('l45-pcap', filter),
      this.#put(`${name}.so`, module),
    ]);
    return { files, source: createHash('sha256').update(key).digest('hex'), arch: machine() };
  }

  async #put(name: string, bytes: Buffer): Promise<InverseFile> {
    return { name, digest: await this.store.put(bytes), size: bytes.length };
  }

  async #unknown({ customization }: Catalogued, type: string): Promise<L45Error> {
    const { name, inverse } = customization;
    const known = inverse.map((one) => one.type).join(', ') || 'none';
    return new L45Error(
      'UNKNOWN_INVERSE',
      `${name} has no inverse module of type ${type}; it has: ${known}`,
    );
  }
}
