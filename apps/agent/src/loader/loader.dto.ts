// SPDX-License-Identifier: Apache-2.0
import { Artifact, IsName, Nested, NestedList, TrustedKey } from '@l45/contracts';

export class LoadRequest {
  /** What is to be loaded; its bytes are where the agent keeps artifacts. */
  @Nested(() => Artifact)
  artifact: Artifact;

  /** Those that the agent trusts: at first, and from then on for their successors. */
  @NestedList(() => TrustedKey)
  keys: TrustedKey[];
}

export class UnloadRequest {
  /** `l45` is the core, all others are customizations. */
  @IsName()
  name: string;
}
