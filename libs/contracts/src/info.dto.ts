// SPDX-License-Identifier: Apache-2.0

/** What a service says of itself. */
export interface ServiceInfo {
  service: string;
  version: string;
  /** What it can do today. */
  capabilities: string[];
}
