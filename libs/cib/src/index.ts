// SPDX-License-Identifier: Apache-2.0
export * from './cib.module.js';
export * from './config.js';
export * from './data-source.js';
export * from './master-key.js';
export * from './migrations.js';
export * from './sealer.js';
export * from './transactions.js';
export * from './unavailable.js';
