// SPDX-License-Identifier: Apache-2.0
import type { SchemaOptions } from '@l45/cib';
import { ChallengePolicyRow } from './challenge-policy.entity.js';
import { ChallengeRow } from './challenge.entity.js';
import { IdentityRow } from './identity.entity.js';
import { Initial1763800000000 } from './migrations/1763800000000-initial.js';
import { Challenges1763900000000 } from './migrations/1763900000000-challenges.js';
import { Identities1764000000000 } from './migrations/1764000000000-identities.js';
import { ReleaseRow } from './release.entity.js';
import { RequiredPrefixRow } from './required-prefix.entity.js';
import { RevokedKeyRow } from './revoked-key.entity.js';
import { SignedArtifactRow } from './signed-artifact.entity.js';
import { SigningKeyRow } from './signing-key.entity.js';

export const SECURITY_SCHEMA: SchemaOptions = {
  schema: 'security',
  entities: [
    ChallengePolicyRow,
    ChallengeRow,
    IdentityRow,
    ReleaseRow,
    RequiredPrefixRow,
    RevokedKeyRow,
    SignedArtifactRow,
    SigningKeyRow,
  ],
  migrations: [Initial1763800000000, Challenges1763900000000, Identities1764000000000],
};
