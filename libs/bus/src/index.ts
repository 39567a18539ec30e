// SPDX-License-Identifier: Apache-2.0
export * from './bus.config.js';
export * from './bus.decorator.js';
export * from './bus.module.js';
export * from './bus.options.js';
export * from './client.js';
export * from './config.js';
export * from './connection.js';
export * from './events.js';
export * from './loop.js';
export * from './micro/server.js';
export * from './run-service.js';
export * from './storage/artifact-store.js';
export * from './storage/buckets.js';
export * from './storage/mirror.js';
export * from './storage/state-bucket.js';
export type { StateChange } from './storage/state-change.js';
export * from './validation.js';
export * from './version.js';
