// SPDX-License-Identifier: Apache-2.0
export * from './current.js';
export * from './health.js';
export * from './instruments.js';
export * from './logger.js';
export * from './propagation.js';
export * from './span.js';
export * from './telemetry.js';
