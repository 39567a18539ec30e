// SPDX-License-Identifier: Apache-2.0
import {
  type ArtifactSignature,
  isSignedBy,
  L45Error,
  publicKeyOf,
  type Target,
  type TrustedKey,
} from '@l45/contracts';
import { Inject, Injectable } from '@nestjs/common';
import { hostFacts } from '../observe/host-facts.js';
import { AcceptedCounters } from './accepted-counters.js';
import { KeyRing } from './key-ring.js';

const BUILD_AGAIN = 'revoke the deployment and deploy it again, which signs it anew';

/** What somebody has to vouch for. */
export interface Signed {
  /** Of the customization. */
  name: string;
  digest: string;
  signature?: ArtifactSignature;
  /** What it has to be made for; absent: the kernel of this host. */
  target?: Target;
}

/** Whether this host may load an artifact. */
@Injectable()
export class Verifier {
  constructor(
    @Inject(KeyRing) private readonly keys: KeyRing,
    @Inject(AcceptedCounters) private readonly counters: AcceptedCounters,
  ) {}

  /** Returns once everything about it is right; throws what is wrong, and what to do about it. */
  async verify(artifact: Signed): Promise<void> {
    const { name, digest, signature, target = hostFacts().target } = artifact;
    if (!signature) throw new L45Error('UNSIGNED', `${name} has no signature: ${BUILD_AGAIN}`);
    const key = await this.keys.find(signature.key);
    refuseKey(name, signature.key, key);
    if (!isSignedBy(signature, publicKeyOf(key)))
      throw new L45Error(
        'BAD_SIGNATURE',
        `the signature of ${name} does not fit what it vouches for: somebody changed it; ${BUILD_AGAIN}`,
      );
    refuseStatement(name, digest, signature, target);
    await this.refuseRollback(artifact, signature);
  }

  /** From now on nothing older may be loaded. */
  async accepted(artifact: Signed): Promise<void> {
    const { signature } = artifact;
    if (signature) await this.counters.accept(seriesOf(artifact), signature.counter);
  }

  private async refuseRollback(
    artifact: Signed,
    { counter, digest }: ArtifactSignature,
  ): Promise<void> {
    const { name } = artifact;
    const accepted = await this.counters.of(seriesOf(artifact));
    if (counter >= accepted) return;
    throw new L45Error(
      'OLDER_COUNTER',
      `${name} has counter ${counter}, and this host has accepted ${accepted} before: to go back, ` +
        `send l45.security.rollback {"digest":"${digest}"}, revoke the deployment and deploy it again`,
    );
  }
}

/** The inverse modules of a customization have counters of their own. */
const seriesOf = ({ name, target }: Signed): string =>
  target ? `${name} ${target.kernelRelease}` : name;

function refuseKey(name: string, id: string, key?: TrustedKey): asserts key {
  if (!key)
    throw new L45Error(
      'UNKNOWN_KEY',
      `${name} is signed by key ${id}, which this host does not trust: add it to L45_TRUSTED_KEYS if it should be (l45.security.keys lists it)`,
    );
  const now = Date.now();
  if (now < Date.parse(key.notBefore))
    throw new L45Error(
      'EXPIRED_KEY',
      `${name} is signed by key ${id}, which counts from ${key.notBefore} on: check this host's clock`,
    );
  if (key.notAfter && now > Date.parse(key.notAfter))
    throw new L45Error(
      'EXPIRED_KEY',
      `${name} is signed by key ${id}, which counted until ${key.notAfter}: ${BUILD_AGAIN}`,
    );
}

function refuseStatement(
  name: string,
  digest: string,
  signature: ArtifactSignature,
  target: Target,
): void {
  if (signature.digest !== digest)
    throw new L45Error(
      'DIGEST_MISMATCH',
      `${name} should have digest ${digest}, but ${signature.digest} is what is signed: ${BUILD_AGAIN}`,
    );
  if (signature.customization !== name)
    throw new L45Error(
      'WRONG_CUSTOMIZATION',
      `what should be ${name} is signed as ${signature.customization}: ${BUILD_AGAIN}`,
    );
  if (textOf(signature.target) === textOf(target)) return;
  throw new L45Error(
    'WRONG_TARGET',
    `${name} was built for ${textOf(signature.target)}, and this host needs ${textOf(target)}: it is built for a kernel once its host has reported`,
  );
}

const textOf = ({ kernelRelease, arch }: Target): string => `${kernelRelease} ${arch}`;
