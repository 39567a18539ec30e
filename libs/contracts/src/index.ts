// SPDX-License-Identifier: Apache-2.0
export * from './agent.dto.js';
export * from './builder.dto.js';
export * from './challenge.dto.js';
export * from './challenge.js';
export * from './common.dto.js';
export * from './deployer.dto.js';
export * from './endpoints.js';
export * from './errors.js';
export * from './events.js';
export * from './middlebox.dto.js';
export * from './monitor.dto.js';
export * from './prefix.js';
export * from './schema.js';
export * from './security.dto.js';
export * from './signature.js';
export * from './storage.js';
export * from './trust.js';
