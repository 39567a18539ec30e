// SPDX-License-Identifier: Apache-2.0
import { BusModule, loadConfig } from '@l45/bus';
import { CibModule } from '@l45/cib';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Builds } from './building/builds.js';
import { BuiltModule } from './building/built-module.entity.js';
import { BuiltModules } from './building/built-modules.js';
import { Preflight } from './building/preflight.js';
import { Toolchain } from './building/toolchain.js';
import { BuilderConfig } from './builder.config.js';
import { BuilderController } from './builder.controller.js';
import { AddedCustomization } from './catalogue/added-customization.entity.js';
import { AddedCustomizations } from './catalogue/added-customizations.js';
import { Catalogue } from './catalogue/catalogue.js';
import { ManifestParser } from './catalogue/manifest.js';
import { ShippedCustomizations } from './catalogue/shipped-customizations.js';
import { CaptureFilter } from './inverse/capture-filter.js';
import { Inverse } from './inverse/inverse.service.js';
import { CoreSources } from './kernel/core-sources.js';
import { Kernels } from './kernel/kernels.js';
import { SecurityGateway } from './signing/security.gateway.js';
import { BUILDER_SCHEMA } from './schema.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'builder',
      description: 'Builds customizations for the kernels of hosts',
    }),
    CibModule.forRoot(BUILDER_SCHEMA),
    TypeOrmModule.forFeature([AddedCustomization, BuiltModule]),
  ],
  controllers: [BuilderController],
  providers: [
    { provide: BuilderConfig, useFactory: () => loadConfig(BuilderConfig) },
    {
      provide: ManifestParser,
      inject: [BuilderConfig],
      useFactory: ({ L45_KERNEL }: BuilderConfig) => ManifestParser.fromSchemaOf(L45_KERNEL),
    },
    AddedCustomizations,
    Builds,
    BuiltModules,
    CaptureFilter,
    Catalogue,
    CoreSources,
    Inverse,
    Preflight,
    Kernels,
    SecurityGateway,
    ShippedCustomizations,
    Toolchain,
  ],
})
export class BuilderModule {}
