// SPDX-License-Identifier: Apache-2.0
export * from './cloud.js';
export * from './simulated-builder.js';
export * from './simulated-host.js';
