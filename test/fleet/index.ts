// SPDX-License-Identifier: Apache-2.0
export * from './dns.js';
export { Fleet, HOSTS, type HostName, START_MS, TAG_DNS, WHO_ASKS } from './fleet.js';
export * from './tap.js';
