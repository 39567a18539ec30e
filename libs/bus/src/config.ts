// SPDX-License-Identifier: Apache-2.0
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync } from 'class-validator';

/** Says which variables of the environment are wrong, all of them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The environment as a typed object. Each property of the class is one variable of the same
 * name; its initialiser is the default, its class-validator decorators the rules, and
 * `@Type(() => Number)` converts. An empty variable is an absent one. Values are never printed.
 *
 * ```ts
 * class BuilderConfig {
 *   @IsString() L45_CUSTOMIZATIONS = 'kernel/customizations';
 *   @Type(() => Number) @IsInt() @Min(1) L45_BUILD_JOBS = 2;
 * }
 * const config = loadConfig(BuilderConfig);
 * ```
 */
export function loadConfig<T extends object>(
  type: new () => T,
  environment: NodeJS.ProcessEnv = process.env,
): T {
  const given = variablesOf(type).flatMap((name) => {
    const value = environment[name];
    return value ? [[name, value]] : [];
  });
  const config = plainToInstance(type, Object.fromEntries(given));
  const errors = validateSync(config, { forbidUnknownValues: false });
  if (errors.length === 0) return config;
  const lines = errors.map(
    ({ property, constraints = {} }) => `  ${Object.values(constraints).join(', ') || property}`,
  );
  throw new ConfigError(`Set these variables of the environment right:\n${lines.join('\n')}`);
}

const variablesOf = (type: new () => object): string[] => [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(type, '', false, false)
      .map(({ propertyName }) => propertyName),
  ),
];
