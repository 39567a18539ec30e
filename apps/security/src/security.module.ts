// SPDX-License-Identifier: Apache-2.0
import { BusModule, loadConfig } from '@l45/bus';
import { CibModule, masterKey, MasterKeyConfig, Sealer } from '@l45/cib';
import { Module } from '@nestjs/common';
import { SecurityController } from './security.controller.js';
import { Releases } from './signing/releases.js';
import { Signer } from './signing/signer.js';
import { SigningKeys } from './signing/signing-keys.js';
import { Initial1763800000000 } from './storage/migrations/1763800000000-initial.js';
import { ReleaseRow } from './storage/release.entity.js';
import { SignedArtifactRow } from './storage/signed-artifact.entity.js';
import { SigningKeyRow } from './storage/signing-key.entity.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'security',
      description: 'Identities, keys, signatures and challenges',
    }),
    CibModule.forRoot({
      schema: 'security',
      entities: [ReleaseRow, SignedArtifactRow, SigningKeyRow],
      migrations: [Initial1763800000000],
    }),
  ],
  controllers: [SecurityController],
  providers: [
    { provide: MasterKeyConfig, useFactory: () => loadConfig(MasterKeyConfig) },
    {
      provide: Sealer,
      inject: [MasterKeyConfig],
      useFactory: (config: MasterKeyConfig) => new Sealer(masterKey(config)),
    },
    Releases,
    Signer,
    SigningKeys,
  ],
})
export class SecurityModule {}
