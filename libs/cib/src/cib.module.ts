// SPDX-License-Identifier: Apache-2.0
import { loadConfig } from '@l45/bus';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { CibConfig } from './config.js';
import { dataSourceOptions, openDataSource, type SchemaOptions } from './data-source.js';
import { migrate, untilMigrated } from './migrations.js';
import { Transactions } from './transactions.js';
import { UnavailableInterceptor } from './unavailable.interceptor.js';

@Module({
  providers: [{ provide: CibConfig, useFactory: () => loadConfig(CibConfig) }],
  exports: [CibConfig],
})
class CibConfigModule {}

/** The Customization Information Base, as one service sees it: its own schema. */
@Module({})
export class CibModule {
  static forRoot(options: SchemaOptions): DynamicModule {
    return {
      module: CibModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          imports: [CibConfigModule],
          inject: [CibConfig],
          useFactory: ({ DATABASE_URL }: CibConfig) => dataSourceOptions(DATABASE_URL, options),
          dataSourceFactory: (resolved?: DataSourceOptions) => {
            if (!resolved) throw new Error('the data source has no options');
            const { L45_MIGRATE } = loadConfig(CibConfig);
            return openDataSource(resolved, L45_MIGRATE === 'true' ? migrate : untilMigrated);
          },
        }),
      ],
      providers: [Transactions, { provide: APP_INTERCEPTOR, useClass: UnavailableInterceptor }],
      exports: [Transactions],
    };
  }
}
