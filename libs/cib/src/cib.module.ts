// SPDX-License-Identifier: Apache-2.0
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { loadConfig } from '@l45/bus';
import { CibConfig } from './config.js';
import { dataSourceOptions, openDataSource, type SchemaOptions } from './data-source.js';
import { Transactions } from './transactions.js';
import { UnavailableInterceptor } from './unavailable.interceptor.js';

/** The Customization Information Base, as one service sees it: its own schema. */
@Module({})
export class CibModule {
  static forRoot(options: SchemaOptions): DynamicModule {
    return {
      module: CibModule,
      global: true,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => dataSourceOptions(loadConfig(CibConfig).DATABASE_URL, options),
          dataSourceFactory: (opened?: DataSourceOptions) => {
            if (!opened) throw new Error('no options for the data source');
            return openDataSource(opened);
          },
        }),
      ],
      providers: [Transactions, { provide: APP_INTERCEPTOR, useClass: UnavailableInterceptor }],
      exports: [Transactions],
    };
  }
}
