// SPDX-License-Identifier: Apache-2.0
import { Injectable } from '@nestjs/common';
import { BuilderConfig } from '../builder.config.js';
import { readTree, type SourceTree } from '../source-tree.js';

const WANTED = /^(Makefile|Kbuild|(core|sdk|uapi)\/(.*\/)?([^/]+\.[chS]|Makefile|Kbuild))$/;
const GENERATED = /\.mod\.c$/;

/** The core, the header that customizations include, and how both are built. */
@Injectable()
export class CoreSources {
  constructor(private readonly config: BuilderConfig) {}

  read(): Promise<SourceTree> {
    return readTree(this.config.L45_KERNEL, (path) => WANTED.test(path) && !GENERATED.test(path));
  }
}
