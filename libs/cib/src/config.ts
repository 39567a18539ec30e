// SPDX-License-Identifier: Apache-2.0
import { IsIn, Matches } from 'class-validator';

/** What every service with a schema reads from the environment. */
export class CibConfig {
  @Matches(/^postgres(ql)?:\/\/\S+$/, {
    message: '$property must be postgres://user:password@host:port/database',
  })
  DATABASE_URL = 'postgres://postgres:postgres@127.0.0.1:5432/postgres';

  /** Whether a service migrates its schema when it starts, or waits until somebody else has. */
  @IsIn(['true', 'false'])
  L45_MIGRATE: 'true' | 'false' = 'true';
}
