// SPDX-License-Identifier: Apache-2.0
export * from './dns.js';
export { Fleet, START_MS, TAG_DNS, WHO_ASKS } from './fleet.js';
export * from './tap.js';
export * from './virtual-hosts.js';
