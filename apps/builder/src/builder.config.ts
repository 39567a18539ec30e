// SPDX-License-Identifier: Apache-2.0
import { Type } from 'class-transformer';
import { IsInt, IsString, Max, Min } from 'class-validator';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the builder reads from the environment. */
export class BuilderConfig {
  /** Folder with the sources of the core and the header that customizations include. */
  @IsString()
  L45_KERNEL = kernelAbove(dirname(fileURLToPath(import.meta.url)));

  /** Folder with a folder for each customization that comes with the product. */
  @IsString()
  L45_CUSTOMIZATIONS = join(this.L45_KERNEL, 'customizations');

  /** Compilations at the same time. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  L45_BUILD_JOBS = availableParallelism();

  /** Seconds that one compilation may take. */
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(3600)
  L45_BUILD_SECONDS = 120;
}

/** The repository's, whether we run from apps/, build/ or dist/. */
function kernelAbove(folder: string): string {
  const kernel = join(folder, 'kernel');
  if (existsSync(join(kernel, 'sdk')) || folder === dirname(folder)) return kernel;
  return kernelAbove(dirname(folder));
}
