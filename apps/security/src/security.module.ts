// SPDX-License-Identifier: Apache-2.0
import { BusModule, loadConfig } from '@l45/bus';
import { CibModule, masterKey, MasterKeyConfig, Sealer } from '@l45/cib';
import { Module } from '@nestjs/common';
import { Baselines } from './challenge/baselines.js';
import { ChallengeController } from './challenge/challenge.controller.js';
import { Challenger } from './challenge/challenger.js';
import { Challenges } from './challenge/challenges.service.js';
import { Enforcer } from './challenge/enforcer.js';
import { History } from './challenge/history.js';
import { HostKeys } from './challenge/host-keys.js';
import { Hosts } from './challenge/hosts.js';
import { Policies } from './challenge/policies.js';
import { Schedule } from './challenge/schedule.js';
import { AccountsGateway } from './identities/accounts.gateway.js';
import { Authority } from './identities/authority.js';
import { Enrolments } from './identities/enrolments.js';
import { authorityOf, IdentitiesConfig } from './identities/identities.config.js';
import { IdentitiesController } from './identities/identities.controller.js';
import { Identities } from './identities/identities.service.js';
import { KubernetesGateway } from './identities/kubernetes.gateway.js';
import { SecurityController } from './security.controller.js';
import { Releases } from './signing/releases.js';
import { Signer } from './signing/signer.js';
import { SigningKeys } from './signing/signing-keys.js';
import { SECURITY_SCHEMA } from './storage/schema.js';

@Module({
  imports: [
    BusModule.forRoot({
      service: 'security',
      description: 'Identities, keys, signatures and challenges',
    }),
    CibModule.forRoot(SECURITY_SCHEMA),
  ],
  controllers: [ChallengeController, IdentitiesController, SecurityController],
  providers: [
    { provide: MasterKeyConfig, useFactory: () => loadConfig(MasterKeyConfig) },
    {
      provide: Sealer,
      inject: [MasterKeyConfig],
      useFactory: (config: MasterKeyConfig) => new Sealer(masterKey(config)),
    },
    { provide: IdentitiesConfig, useFactory: () => loadConfig(IdentitiesConfig) },
    { provide: Authority, inject: [IdentitiesConfig], useFactory: authorityOf },
    AccountsGateway,
    Baselines,
    Challenger,
    Challenges,
    Enforcer,
    Enrolments,
    History,
    HostKeys,
    Hosts,
    Identities,
    KubernetesGateway,
    Policies,
    Releases,
    Schedule,
    Signer,
    SigningKeys,
  ],
})
export class SecurityModule {}
